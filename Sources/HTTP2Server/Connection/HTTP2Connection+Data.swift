import NIOCore
import ServingPrimitives

/// A DATA frame whose payload is coming.
struct DataFrame {
    /// `nil` when the payload is to be thrown away.
    var stream: HTTP2ServerStream?
    var endStream: Bool
    var awaitsPadLength: Bool
    /// Body bytes to come.
    var remaining: Int
    var padding = 0

    var isComplete: Bool { !awaitsPadLength && remaining == 0 && padding == 0 }
}

/// The body of requests without one.
let noBytes = ByteBuffer()

extension HTTP2Connection {
    // MARK: frames

    func beginData(_ header: FrameHeader) {
        guard header.streamID != 0, !isIdle(header.streamID) else {
            return fail(.protocolError, "DATA on an idle stream")
        }
        guard header.length <= receiveWindow else {
            return fail(.flowControlError, "DATA exceeds the connection's window")
        }
        let isPadded = header.has(FrameFlags.padded)
        if isPadded, header.length == 0 { return fail(.frameSizeError, "padded DATA without a pad length") }
        let endStream = header.has(FrameFlags.endStream)
        returnToConnection(header.length)
        let stream = streamForData(header, endStream: endStream)
        guard isReading else { return }
        let frame = DataFrame(
            stream: stream,
            endStream: endStream,
            awaitsPadLength: isPadded,
            remaining: header.length
        )
        if header.length == 0 {
            if !endStream { charge(.emptyData, "too many empty DATA frames") }
            finish(frame)
        } else {
            dataFrame = frame
        }
    }

    /// The stream that a DATA frame belongs to, charged for it; `nil` when there is none to take it.
    private func streamForData(_ header: FrameHeader, endStream: Bool) -> HTTP2ServerStream? {
        guard let stream = streams[header.streamID] else {
            receiveLateData(header.streamID)
            return nil
        }
        if stream.isRequestComplete {
            failStream(stream.id, .streamClosed)
            return nil
        }
        guard header.length <= stream.receiveWindow else {
            failStream(stream.id, .flowControlError)
            return nil
        }
        stream.receiveWindow -= header.length
        if !endStream { returnToStream(stream, header.length) }
        return stream
    }

    private func receiveLateData(_ id: UInt32) {
        if id <= lastAcceptedStreamID, history.end(of: id) != .reset { return failStream(id, .streamClosed) }
        charge(.emptyData, "too many frames on closed streams")
    }

    /// Takes payload bytes of the DATA frame in progress; returns how many. `offset` is their place in `buffer`.
    @inline(__always)
    func receiveData(_ buffer: ByteBuffer, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        guard var frame = dataFrame else { return 0 }
        dataFrame = nil
        var taken = 1
        if frame.awaitsPadLength {
            guard Int(bytes[0]) < frame.remaining else {
                fail(.protocolError, "DATA is shorter than its padding")
                return bytes.count
            }
            frame.awaitsPadLength = false
            frame.padding = Int(bytes[0])
            frame.remaining -= 1 + frame.padding
            if frame.remaining == 0, !frame.endStream { charge(.emptyData, "too many empty DATA frames") }
        } else if frame.remaining > 0 {
            taken = min(frame.remaining, bytes.count)
            receiveBody(frame, buffer, UnsafeRawBufferPointer(rebasing: bytes[..<taken]), at: offset)
            frame.remaining -= taken
        } else {
            taken = min(frame.padding, bytes.count)
            frame.padding -= taken
        }
        if frame.isComplete { finish(frame) } else { dataFrame = frame }
        return taken
    }

    private func finish(_ frame: DataFrame) {
        guard frame.endStream, let stream = frame.stream, stream.isOpen else { return }
        completeRequest(stream)
    }

    // MARK: bodies

    /// Adds the next bytes of a frame, which are the rest of it or all that has come, to their stream's body.
    @inline(__always)
    private func receiveBody(
        _ frame: DataFrame,
        _ buffer: ByteBuffer,
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int
    ) {
        guard let stream = frame.stream, stream.isOpen, !stream.discardsBody else { return }
        stream.receivedByteCount += bytes.count
        guard stream.receivedByteCount <= stream.maximumBodyByteCount else {
            return refuseBody(of: stream, .tooLarge(limit: stream.maximumBodyByteCount))
        }
        bufferedBodyByteCount += bytes.count
        guard bufferedBodyByteCount <= configuration.maximumBufferedBodyByteCount else {
            bufferedBodyByteCount -= bytes.count
            return refuseBody(of: stream, .overBudget)
        }
        guard claimMemory(for: stream) else {
            bufferedBodyByteCount -= bytes.count
            return refuseBody(of: stream, .overBudget)
        }
        let isWholeFrame = bytes.count == frame.remaining && stream.receivedByteCount == bytes.count
        if isWholeFrame, let slice = buffer.getSlice(at: buffer.readerIndex + offset, length: bytes.count) {
            stream.body.hold(slice)
        } else {
            append(bytes, to: stream)
        }
    }

    /// - Returns: whether the server has room for what has come of the body.
    @inline(__always)
    private func claimMemory(for stream: HTTP2ServerStream) -> Bool {
        guard stream.receivedByteCount > MemoryClaim.uncountedByteCount, let budget = configuration.memoryBudget else {
            return true
        }
        let claim = stream.claim ?? MemoryClaim(budget)
        stream.claim = claim
        return claim.canGrow(to: stream.receivedByteCount)
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to stream: HTTP2ServerStream) {
        // Taken out while the application is asked, as it may answer the stream then.
        var body = stream.body
        stream.body = RequestBody()
        body.append(bytes) { handler.bodyLayout(stream, prefix: $0) }
        guard stream.isOpen, !stream.discardsBody else {
            bufferedBodyByteCount -= body.byteCount
            return
        }
        stream.body = body
        if body.announcedByteCount > stream.maximumBodyByteCount {
            refuseBody(of: stream, .tooLarge(limit: stream.maximumBodyByteCount))
        }
    }

    /// The request's last byte has come.
    func completeRequest(_ stream: HTTP2ServerStream) {
        stream.isRequestComplete = true
        if stream.discardsBody { return }
        if let length = stream.contentLength, length != stream.receivedByteCount {
            return failStream(stream.id, .protocolError)
        }
        bufferedBodyByteCount -= stream.body.byteCount
        handler.requestReceived(stream, body: stream.body.take())
    }

    /// Tells the application that it does not get the body; it is expected to answer at once.
    func refuseBody(of stream: HTTP2ServerStream, _ reason: HTTP2BodyRefusal) {
        discardBody(of: stream)
        stream.discardsBody = true
        handler.bodyRefused(stream, reason: reason)
        guard stream.isOpen, !stream.isAnswered else { return }
        failStream(stream.id, .enhanceYourCalm)
    }

    func discardBody(of stream: HTTP2ServerStream) {
        guard !stream.body.isEmpty else { return }
        bufferedBodyByteCount -= stream.body.byteCount
        _ = stream.body.take()
    }

    // MARK: windows

    /// Bytes are consumed as they come, so that their window is given back at once, when half of it is due.
    private func returnToConnection(_ byteCount: Int) {
        receiveWindow -= byteCount
        unreturnedByteCount += byteCount
        guard unreturnedByteCount >= configuration.connectionWindowByteCount / 2 else { return }
        writeWindowUpdate(0, unreturnedByteCount)
        receiveWindow += unreturnedByteCount
        unreturnedByteCount = 0
    }

    private func returnToStream(_ stream: HTTP2ServerStream, _ byteCount: Int) {
        stream.unreturnedByteCount += byteCount
        guard stream.unreturnedByteCount >= configuration.streamWindowByteCount / 2 else { return }
        writeWindowUpdate(stream.id, stream.unreturnedByteCount)
        stream.receiveWindow += stream.unreturnedByteCount
        stream.unreturnedByteCount = 0
    }
}
