package import NIOCore

extension HTTP2Connection {
    /// Larger pieces wait in their stream for its turn and go out without a copy.
    private static let largestCopied = 4 << 10
    /// Larger answers are written to a buffer of their own, so that what waits in the output stays small.
    private static let largestDirect = 64 << 10
    /// DATA frames are no larger, whatever the peer allows: streams take turns by frame.
    private static let largestFrame = 256 << 10

    // MARK: responses

    func sendHeaders(_ stream: HTTP2ServerStream, status: Int, _ fields: [HTTP2HeaderField], endStream: Bool) {
        assert(!stream.sentHeaders, "a response's headers are sent once")
        stream.sentHeaders = true
        writeHeaderBlock(stream.id, status: status, fields, endStream: endStream)
        if endStream {
            stream.isAnswered = true
            finishResponse(stream)
        }
    }

    func sendData(_ stream: HTTP2ServerStream, _ data: ByteBuffer) {
        let byteCount = data.readableBytes
        guard canSendData(stream), byteCount > 0 else { return }
        guard byteCount <= Self.largestCopied, canSendNow(stream, byteCount) else { return queue(data, on: stream) }
        data.withUnsafeReadableBytes { bytes in
            writeData(stream, byteCount) { $0.copyMemory(from: bytes) }
        }
    }

    @inline(__always)
    func sendData(_ stream: HTTP2ServerStream, byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        guard canSendData(stream), byteCount > 0 else {
            return write(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
        if byteCount <= Self.largestDirect, canSendNow(stream, byteCount) {
            return writeData(stream, byteCount, write)
        }
        var data = ByteBufferAllocator().buffer(capacity: byteCount)
        data.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { target in
            write(UnsafeMutableRawBufferPointer(rebasing: target[..<byteCount]))
            return byteCount
        }
        queue(data, on: stream)
    }

    func sendTrailers(_ stream: HTTP2ServerStream, _ fields: [HTTP2HeaderField]) {
        assert(stream.sentHeaders, "headers come before trailers")
        guard !stream.isAnswered else { return }
        stream.isAnswered = true
        guard stream.pending.isEmpty else {
            discardBody(of: stream)
            stream.discardsBody = true
            return stream.pending.end(with: fields)
        }
        writeHeaderBlock(stream.id, status: nil, fields, endStream: true)
        finishResponse(stream)
    }

    func reset(_ stream: HTTP2ServerStream, code: UInt32) {
        writeReset(stream.id, code: code)
        close(stream, .reset)
        release(stream)
    }

    private func canSendData(_ stream: HTTP2ServerStream) -> Bool {
        assert(stream.sentHeaders && !stream.isAnswered, "data comes between headers and trailers")
        return stream.sentHeaders && !stream.isAnswered
    }

    @inline(__always)
    private func canSendNow(_ stream: HTTP2ServerStream, _ byteCount: Int) -> Bool {
        stream.pending.isEmpty && byteCount <= sendWindow && byteCount <= stream.sendWindow
            && byteCount <= peerMaximumFrame
    }

    /// The response is out to its last byte.
    private func finishResponse(_ stream: HTTP2ServerStream) {
        if stream.isRequestComplete {
            meter.requestCompleted()
            close(stream, .finished)
        } else {
            // The peer need not send the rest (RFC 9113, section 8.1).
            writeReset(stream.id, code: HTTP2ErrorCode.noError.rawValue)
            close(stream, .reset)
        }
        release(stream)
    }

    // MARK: streams that wait

    private func queue(_ data: ByteBuffer, on stream: HTTP2ServerStream) {
        stream.pending.append(data)
        pendingByteCount += data.readableBytes
        enqueueIfReady(stream)
    }

    /// Puts a stream at the end of the line when it has something to send and its own window lets it.
    func enqueueIfReady(_ stream: HTTP2ServerStream) {
        guard stream.isOpen, !stream.isQueued, !stream.pending.isEmpty, stream.sendWindow > 0 else { return }
        stream.isQueued = true
        if let last = lastQueued { last.nextQueued = stream } else { firstQueued = stream }
        lastQueued = stream
    }

    private func dequeue() -> HTTP2ServerStream? {
        guard let stream = firstQueued else { return nil }
        firstQueued = stream.nextQueued
        if firstQueued == nil { lastQueued = nil }
        stream.nextQueued = nil
        stream.isQueued = false
        return stream
    }

    /// Whether flow control lets something go out that still waits.
    package var canProduceOutput: Bool { firstQueued != nil && sendWindow > 0 }

    /// Moves about `byteCount` bytes from waiting streams to the output, one frame of each in turn.
    package func produceOutput(_ byteCount: Int) {
        var produced = 0
        while produced < byteCount, sendWindow > 0, let stream = dequeue() {
            guard stream.isOpen else { continue }
            produced += sendPending(stream)
            enqueueIfReady(stream)
        }
    }

    /// Sends one frame of what waits, and the response's end behind the last one.
    private func sendPending(_ stream: HTTP2ServerStream) -> Int {
        let allowed = min(sendWindow, stream.sendWindow, peerMaximumFrame, Self.largestFrame)
        let length = min(allowed, stream.pending.byteCount)
        guard length > 0 else { return 0 }
        chargeWindows(stream, length)
        pendingByteCount -= length
        writeFrame(FrameHeader(length: length, type: FrameType.data, streamID: stream.id))
        stream.pending.take(length) { output.append($0) }
        if stream.pending.byteCount == 0, let trailers = stream.pending.trailers {
            stream.pending = PendingOutput()
            writeHeaderBlock(stream.id, status: nil, trailers, endStream: true)
            finishResponse(stream)
        }
        return length
    }

    private func chargeWindows(_ stream: HTTP2ServerStream, _ byteCount: Int) {
        sendWindow -= byteCount
        stream.sendWindow -= byteCount
        meter.dataFrameSent()
        clock.madeProgress()
        pingStrikes?.reset()
    }

    // MARK: output

    package var hasOutput: Bool { !output.isEmpty }

    /// Gives the collected frames to `write` in order.
    package func drainOutput(_ write: (ByteBuffer) -> Void) { output.drain(write) }

    @inline(__always)
    private func writeData(
        _ stream: HTTP2ServerStream,
        _ byteCount: Int,
        _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        chargeWindows(stream, byteCount)
        output.append(bound: FrameHeader.byteCount + byteCount) { target in
            FrameHeader(length: byteCount, type: FrameType.data, streamID: stream.id)
                .write(to: target.baseAddress.unsafelyUnwrapped)
            let payload = target[FrameHeader.byteCount..<(FrameHeader.byteCount + byteCount)]
            write(UnsafeMutableRawBufferPointer(rebasing: payload))
            return FrameHeader.byteCount + byteCount
        }
    }

    @inline(__always)
    private func writeHeaderBlock(_ id: UInt32, status: Int?, _ fields: [HTTP2HeaderField], endStream: Bool) {
        pingStrikes?.reset()
        let bound = HPACKEncoder.bound(fields)
        guard bound <= peerMaximumFrame else {
            return writeLongHeaderBlock(id, status: status, fields, endStream: endStream)
        }
        output.append(bound: FrameHeader.byteCount + bound) { target in
            let payload = UnsafeMutableRawBufferPointer(rebasing: target[FrameHeader.byteCount...])
            let length = encoder.encode(status: status, fields, to: payload)
            let flags = FrameFlags.endHeaders | (endStream ? FrameFlags.endStream : 0)
            FrameHeader(length: length, type: FrameType.headers, flags: flags, streamID: id)
                .write(to: target.baseAddress.unsafelyUnwrapped)
            return FrameHeader.byteCount + length
        }
    }

    /// A block that may need CONTINUATION frames.
    private func writeLongHeaderBlock(_ id: UInt32, status: Int?, _ fields: [HTTP2HeaderField], endStream: Bool) {
        var block = [UInt8](repeating: 0, count: HPACKEncoder.bound(fields))
        let length = block.withUnsafeMutableBytes { encoder.encode(status: status, fields, to: $0) }
        block.withUnsafeBytes { bytes in
            var start = 0
            repeat {
                let end = min(start + peerMaximumFrame, length)
                var flags = end == length ? FrameFlags.endHeaders : 0
                if start == 0, endStream { flags |= FrameFlags.endStream }
                let type = start == 0 ? FrameType.headers : FrameType.continuation
                let header = FrameHeader(length: end - start, type: type, flags: flags, streamID: id)
                output.append(frame: header, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            } while start < length
        }
    }

    /// A frame without a payload, or the header of one whose payload follows.
    func writeFrame(_ header: FrameHeader) {
        output.append(bound: FrameHeader.byteCount) { target in
            header.write(to: target.baseAddress.unsafelyUnwrapped)
            return FrameHeader.byteCount
        }
    }

    private func write(_ header: FrameHeader, _ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { output.append(frame: header, $0) }
    }

    func writeReset(_ id: UInt32, code: UInt32) {
        write(FrameHeader(length: 4, type: FrameType.rstStream, streamID: id), code)
    }

    func writeWindowUpdate(_ id: UInt32, _ increment: Int) {
        write(FrameHeader(length: 4, type: FrameType.windowUpdate, streamID: id), UInt32(increment))
    }

    func writeGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode, reason: String) {
        var payload = ByteBuffer()
        payload.writeInteger(lastStreamID)
        payload.writeInteger(code.rawValue)
        payload.writeString(reason)
        payload.withUnsafeReadableBytes {
            output.append(frame: FrameHeader(length: $0.count, type: FrameType.goAway), $0)
        }
    }

    /// Our SETTINGS, and the connection's window, which only WINDOW_UPDATE can raise.
    func writeServerPreface() {
        var payload = ByteBuffer()
        func set(_ identifier: UInt16, _ value: Int) {
            payload.writeInteger(identifier)
            payload.writeInteger(UInt32(value))
        }
        set(SettingIdentifier.maximumConcurrentStreams, configuration.maximumConcurrentStreams)
        set(SettingIdentifier.initialWindowSize, configuration.streamWindowByteCount)
        set(SettingIdentifier.maximumFrameSize, configuration.maximumFrameByteCount)
        set(SettingIdentifier.maximumHeaderListSize, configuration.maximumHeaderListByteCount)
        payload.withUnsafeReadableBytes {
            output.append(frame: FrameHeader(length: $0.count, type: FrameType.settings), $0)
        }
        let increment = configuration.connectionWindowByteCount - receiveWindow
        if increment > 0 { writeWindowUpdate(0, increment) }
        receiveWindow += increment
    }
}
