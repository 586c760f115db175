package import NIOCore

extension HTTP2Connection {
    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    /// Room for what may stand around a header block's fragment in a frame: pad length, priority, padding.
    private static let frameExtras = 1 + 5 + 255

    /// Takes bytes as they came from the peer. Calls the request handler for each thing that is complete.
    package func receive(_ buffer: ByteBuffer) {
        guard isReading else { return }
        clock.heardFromPeer()
        buffer.withUnsafeReadableBytes { bytes in
            var position = phase == .preface ? matchPreface(bytes) : 0
            while position < bytes.count, isReading {
                position += receiveSome(buffer, UnsafeRawBufferPointer(rebasing: bytes[position...]), at: position)
            }
        }
    }

    /// Takes the next piece of input and returns how many bytes it was. `offset` is the piece's place in `buffer`.
    @inline(__always)
    private func receiveSome(_ buffer: ByteBuffer, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        if dataFrame != nil { return receiveData(buffer, bytes, at: offset) }
        if skippedByteCount > 0 { return skip(bytes.count) }
        if !held.isEmpty { return continueHeldFrame(bytes) }
        guard bytes.count >= FrameHeader.byteCount, let base = bytes.baseAddress else { return hold(bytes) }
        let header = FrameHeader(base)
        guard accepts(header) else { return bytes.count }
        switch header.type {
        case FrameType.data:
            beginData(header)
            return FrameHeader.byteCount
        case FrameType.headers...FrameType.continuation:
            let length = FrameHeader.byteCount + header.length
            guard bytes.count >= length else { return hold(bytes) }
            receiveFrame(header, UnsafeRawBufferPointer(rebasing: bytes[FrameHeader.byteCount..<length]))
            return length
        default:
            ignoreFrame(header)
            return FrameHeader.byteCount
        }
    }

    // MARK: incomplete frames

    private func hold(_ bytes: UnsafeRawBufferPointer) -> Int {
        held.append(contentsOf: bytes)
        return bytes.count
    }

    private func skip(_ available: Int) -> Int {
        let skipped = min(available, skippedByteCount)
        skippedByteCount -= skipped
        return skipped
    }

    /// Adds to the frame that came in part, first up to its header's end, then up to its own.
    private func continueHeldFrame(_ bytes: UnsafeRawBufferPointer) -> Int {
        if held.count < FrameHeader.byteCount {
            let taken = fillHeld(to: FrameHeader.byteCount, from: bytes)
            guard held.count == FrameHeader.byteCount else { return taken }
            let header = heldHeader
            guard accepts(header) else { return taken }
            if header.type == FrameType.data || header.type > FrameType.continuation {
                held.removeAll(keepingCapacity: true)
                if header.type == FrameType.data { beginData(header) } else { ignoreFrame(header) }
            } else if header.length == 0 {
                receiveHeldFrame(header)
            }
            return taken
        }
        let header = heldHeader
        let taken = fillHeld(to: FrameHeader.byteCount + header.length, from: bytes)
        if held.count == FrameHeader.byteCount + header.length { receiveHeldFrame(header) }
        return taken
    }

    private var heldHeader: FrameHeader {
        held.withUnsafeBytes { FrameHeader($0.baseAddress.unsafelyUnwrapped) }
    }

    private func fillHeld(to count: Int, from bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(count - held.count, bytes.count)
        held.append(contentsOf: bytes[..<taken])
        return taken
    }

    private func receiveHeldFrame(_ header: FrameHeader) {
        let frame = held
        held = []
        frame.withUnsafeBytes { receiveFrame(header, UnsafeRawBufferPointer(rebasing: $0[FrameHeader.byteCount...])) }
    }

    private func ignoreFrame(_ header: FrameHeader) {
        skippedByteCount = header.length
        charge(.ignoredFrame, "too many frames of unknown types")
    }

    // MARK: preface

    /// Compares with the client connection preface; returns how many bytes of it these were.
    private func matchPreface(_ bytes: UnsafeRawBufferPointer) -> Int {
        let expected = UnsafeRawBufferPointer(start: Self.preface.utf8Start, count: Self.preface.utf8CodeUnitCount)
        let rest = expected[matchedPrefaceBytes...]
        let count = min(rest.count, bytes.count)
        let prefix = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        guard UnsafeRawBufferPointer(rebasing: bytes.prefix(count)).equals(prefix) else {
            refusePreface(bytes)
            return bytes.count
        }
        matchedPrefaceBytes += count
        if matchedPrefaceBytes == expected.count {
            phase = .open
            writeServerPreface()
        }
        return count
    }

    /// A client of HTTP/1 gets an answer that it can show to a person.
    private func refusePreface(_ bytes: UnsafeRawBufferPointer) {
        let isText = matchedPrefaceBytes > 0 || (bytes.first.map { (0x41...0x5a).contains($0) } ?? false)
        guard isText else { return fail(.protocolError, "the connection does not start with the HTTP/2 preface") }
        phase = .failed
        failure = "an HTTP/1 request"
        let text = "this port speaks HTTP/2 (gRPC)\n"
        let response =
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: \(text.utf8.count)\r\n"
            + "connection: close\r\n\r\n" + text
        output.append(ByteBuffer(string: response))
    }

    // MARK: frame headers

    /// Checks what can be said before the payload is there. False when the connection is over.
    @inline(__always)
    private func accepts(_ header: FrameHeader) -> Bool {
        if header.length > configuration.maximumFrameByteCount {
            fail(.frameSizeError, "a frame is larger than SETTINGS_MAX_FRAME_SIZE")
            return false
        }
        if header.type == FrameType.data && headerBlock == nil && sawSettings { return true }
        return acceptsControl(header)
    }

    private func acceptsControl(_ header: FrameHeader) -> Bool {
        if !sawSettings, header.type != FrameType.settings || header.has(FrameFlags.ack) {
            fail(.protocolError, "the first frame is not SETTINGS")
        } else if let block = headerBlock, header.type != FrameType.continuation || header.streamID != block.streamID {
            fail(.protocolError, "a header block is interrupted by another frame")
        } else if header.type != FrameType.data, header.type <= FrameType.continuation,
            header.length > configuration.maximumHeaderBlockByteCount + Self.frameExtras
        {
            fail(.enhanceYourCalm, "a frame that is not DATA is too large")
        }
        return isReading
    }

    /// Handles one whole frame that is neither DATA nor of an unknown type.
    private func receiveFrame(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        switch header.type {
        case FrameType.headers: receiveHeaders(header, payload)
        case FrameType.continuation: receiveContinuation(header, payload)
        case FrameType.windowUpdate: receiveWindowUpdate(header, payload)
        case FrameType.rstStream: receiveReset(header, payload)
        case FrameType.settings: receiveSettings(header, payload)
        case FrameType.ping: receivePing(header, payload)
        case FrameType.priority: receivePriority(header, payload)
        case FrameType.goAway: receiveGoAway(header, payload)
        default: fail(.protocolError, "a client must not send PUSH_PROMISE")
        }
    }
}
