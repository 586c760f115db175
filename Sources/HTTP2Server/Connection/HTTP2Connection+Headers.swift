/// A header block whose CONTINUATION frames are still to come.
struct HeaderBlock {
    var streamID: UInt32
    var endStream: Bool
    var dependsOnItself: Bool
    var bytes: [UInt8]
    var continuationCount = 0
}

/// The last header block and what it meant. Clients repeat themselves: as long as the dynamic table stands still, the
/// same bytes are the same request head.
struct RequestHeadCache {
    private var block: [UInt8] = []
    private var generation = -1
    private var request: DecodedRequest?

    @inline(__always)
    func request(for bytes: UnsafeRawBufferPointer, generation: Int) -> DecodedRequest? {
        guard generation == self.generation, bytes.equals(block) else { return nil }
        return request
    }

    mutating func remember(_ request: DecodedRequest, for bytes: UnsafeRawBufferPointer, generation: Int) {
        block.removeAll(keepingCapacity: true)
        block.append(contentsOf: bytes)
        self.generation = generation
        self.request = request
    }
}

/// A well-formed request head and what the connection itself needs of it.
struct DecodedRequest {
    var head: HTTP2RequestHead
    var contentLength: Int?
}

extension HTTP2Connection {
    func receiveHeaders(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard header.streamID & 1 == 1 else {
            return fail(.protocolError, "HEADERS on a stream that is not a client's")
        }
        guard var fragment = unpadded(header, payload) else { return }
        var dependsOnItself = false
        if header.has(FrameFlags.priority) {
            guard fragment.count >= 5 else { return fail(.frameSizeError, "HEADERS is too short for its priority") }
            dependsOnItself = Self.dependency(fragment) == header.streamID
            fragment = UnsafeRawBufferPointer(rebasing: fragment[5...])
        }
        var block = HeaderBlock(
            streamID: header.streamID,
            endStream: header.has(FrameFlags.endStream),
            dependsOnItself: dependsOnItself,
            bytes: []
        )
        if header.has(FrameFlags.endHeaders) { return receiveBlock(block, fragment) }
        block.bytes = Array(fragment)
        headerBlock = block
    }

    func receiveContinuation(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard var block = headerBlock else { return fail(.protocolError, "CONTINUATION without HEADERS before it") }
        headerBlock = nil
        block.continuationCount += 1
        guard block.continuationCount <= configuration.maximumContinuationFrames,
            block.bytes.count + payload.count <= configuration.maximumHeaderBlockByteCount
        else { return fail(.enhanceYourCalm, "a header block is too large or in too many frames") }
        block.bytes.append(contentsOf: payload)
        guard header.has(FrameFlags.endHeaders) else {
            headerBlock = block
            return
        }
        block.bytes.withUnsafeBytes { receiveBlock(block, $0) }
    }

    /// A HEADERS payload without its padding; `nil` after the connection failed.
    private func unpadded(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard header.has(FrameFlags.padded) else { return payload }
        guard let padding = payload.first else {
            fail(.frameSizeError, "padded HEADERS without a pad length")
            return nil
        }
        guard Int(padding) < payload.count else {
            fail(.protocolError, "HEADERS is shorter than its padding")
            return nil
        }
        return UnsafeRawBufferPointer(rebasing: payload[1..<(payload.count - Int(padding))])
    }

    /// Handles a whole header block: a new request's, or trailers.
    private func receiveBlock(_ block: HeaderBlock, _ bytes: UnsafeRawBufferPointer) {
        guard block.bytes.count <= configuration.maximumHeaderBlockByteCount,
            bytes.count <= configuration.maximumHeaderBlockByteCount
        else { return fail(.enhanceYourCalm, "a header block is too large") }
        if block.streamID > highestStreamID {
            highestStreamID = block.streamID
            receiveRequestBlock(block, bytes)
        } else if let stream = streams[block.streamID] {
            receiveTrailers(stream, block, bytes)
        } else {
            receiveLateBlock(block, bytes)
        }
    }

    /// Decodes a block whatever becomes of it, as the compression state depends on all of them. `nil` after the
    /// connection failed.
    private func decode(_ bytes: UnsafeRawBufferPointer, isTrailers: Bool) -> RequestHeadBuilder? {
        var builder = RequestHeadBuilder(
            isTrailers: isTrailers,
            maximumByteCount: configuration.maximumHeaderListByteCount
        )
        do {
            try decoder.decode(bytes) { builder.add($0) }
        } catch {
            fail(.compressionError, "\(error.reason)")
            return nil
        }
        builder.finish()
        return builder
    }

    // MARK: requests

    private func receiveRequestBlock(_ block: HeaderBlock, _ bytes: UnsafeRawBufferPointer) {
        if let known = headCache.request(for: bytes, generation: decoder.generation) {
            return receiveRequest(block, known)
        }
        let generation = decoder.generation
        guard let builder = decode(bytes, isTrailers: false) else { return }
        if block.streamID > lastAcceptedStreamID { return }
        if builder.isTooLarge { return failStream(block.streamID, .enhanceYourCalm) }
        if builder.fault != nil { return failStream(block.streamID, .protocolError) }
        let request = DecodedRequest(head: builder.head, contentLength: builder.contentLength)
        if decoder.generation == generation { headCache.remember(request, for: bytes, generation: generation) }
        receiveRequest(block, request)
    }

    private func receiveRequest(_ block: HeaderBlock, _ request: borrowing DecodedRequest) {
        if block.streamID > lastAcceptedStreamID { return }
        if block.dependsOnItself { return failStream(block.streamID, .protocolError) }
        if block.endStream, (request.contentLength ?? 0) > 0 { return failStream(block.streamID, .protocolError) }
        guard streams.count < configuration.maximumConcurrentStreams,
            pendingByteCount <= configuration.maximumPendingOutputByteCount
        else { return refuse(block.streamID) }
        let stream = openStream(block.streamID)
        meter.streamOpened()
        stream.contentLength = request.contentLength
        stream.isRequestComplete = block.endStream
        stream.maximumBodyByteCount = handler.streamOpened(stream, head: request.head).maximumByteCount
        guard stream.isOpen, !stream.isAnswered else { return }
        if block.endStream {
            handler.requestReceived(stream, body: noBytes)
        } else if let length = request.contentLength, length > stream.maximumBodyByteCount {
            refuseBody(of: stream, .tooLarge(limit: stream.maximumBodyByteCount))
        }
    }

    /// More streams than SETTINGS_MAX_CONCURRENT_STREAMS. Before the peer knows our settings it may not know better.
    private func refuse(_ id: UInt32) {
        writeReset(id, code: HTTP2ErrorCode.refusedStream.rawValue)
        history.record(id, .reset)
        if isSettingsAcknowledged { charge(.reset, "too many streams were refused") }
    }

    // MARK: trailers and late frames

    private func receiveTrailers(_ stream: HTTP2ServerStream, _ block: HeaderBlock, _ bytes: UnsafeRawBufferPointer) {
        guard let builder = decode(bytes, isTrailers: true) else { return }
        if stream.isRequestComplete { return failStream(stream.id, .streamClosed) }
        guard block.endStream, !block.dependsOnItself, builder.fault == nil else {
            return failStream(stream.id, .protocolError)
        }
        if builder.isTooLarge { return failStream(stream.id, .enhanceYourCalm) }
        completeRequest(stream)
    }

    /// HEADERS for a stream that is gone.
    private func receiveLateBlock(_ block: HeaderBlock, _ bytes: UnsafeRawBufferPointer) {
        guard decode(bytes, isTrailers: true) != nil else { return }
        if block.streamID > lastAcceptedStreamID { return }
        switch history.end(of: block.streamID) {
        case .reset: charge(.emptyData, "too many frames on closed streams")
        case .finished: fail(.streamClosed, "HEADERS on a closed stream")
        case nil: fail(.protocolError, "a new stream's id is not above those before it")
        }
    }
}
