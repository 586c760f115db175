import HTTP2Server

/// The client's half of an HTTP/2 connection (RFC 9113) that sends unary gRPC calls or plain POSTs.
///
/// Lean by what it knows: requests are prepared, so a call is a header block of a byte for each field, nine bytes before
/// the body, and the body; answers are alike, so a header block that came before is recognised by its bytes.
package final class HTTP2Client: ProtocolClient {
    struct Stream {
        /// -1: not in use.
        var token = -1
        var status = 0
        var grpcStatus = -1
        var message: String?
        var body: [UInt8] = []
    }

    /// A body that the windows, or the frames, were too small for.
    struct Unsent {
        var streamID: UInt32
        var body: UnsafeRawBufferPointer
        var window: Int
    }

    /// Answers of more bytes are given up.
    static let answerLimit = 256 << 20
    /// Streams are numbered up to 2³¹; another connection goes on from there.
    private static let streamIDLimit: UInt32 = 0x7fff_fff0
    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// Streams by number / 2, in a ring that grows when the oldest and the newest are further apart.
    var streams = [Stream](repeating: Stream(), count: 64)
    private var nextStreamID: UInt32 = 1
    private var activeCount = 0

    private var hasPeerSettings = false
    private var peerStreamLimit = Int.max
    private var peerFrameLimit = 16_384
    private var peerInitialWindow = 65_535
    private var connectionWindow = 65_535
    var unsent: [Unsent] = []

    private var encoder = HPACKEncoder()
    private var routes: [RouteHeaders] = []
    var decoder = HPACKDecoder()
    var blocks = AnswerBlockCache()

    // Receiving.
    private var partial: [UInt8] = []
    private var data: (header: FrameHeader, remaining: Int, padding: Int, flowBytes: Int)?
    private var continued: (streamID: UInt32, flags: UInt8, block: [UInt8])?
    /// The body of a stream where it lies in the bytes being read.
    private var lent: (streamID: UInt32, bytes: UnsafeRawBufferPointer)?
    private var consumed = 0

    package override init(receiver: any AnswerReceiver) {
        super.init(receiver: receiver)
        output.append(UnsafeRawBufferPointer(start: Self.preface.utf8Start, count: Self.preface.utf8CodeUnitCount))
        writeSettings()
        writeWindowUpdate(0, by: Self.answerLimit - 65_535)
    }

    package override var inFlight: Int { activeCount }

    /// Before the peer's settings nothing is sent: they say how much it takes, and come at once.
    package override var canSend: Bool {
        hasPeerSettings && activeCount < peerStreamLimit && !isFinishing
    }

    // MARK: Sending

    package override func send(_ request: PreparedRequest, token: Int) -> UInt32 {
        let streamID = nextStreamID
        nextStreamID += 2
        if nextStreamID >= Self.streamIDLimit { isFinishing = true }
        activeCount += 1
        open(streamID, token)
        writeHeaders(streamID, request)
        guard request.body.count > 0 else { return streamID }
        if request.body.count <= min(peerFrameLimit, connectionWindow, peerInitialWindow), unsent.isEmpty {
            connectionWindow -= request.body.count
            writeData(streamID, request.body, ends: true)
        } else {
            unsent.append(Unsent(streamID: streamID, body: request.body, window: peerInitialWindow))
            sendUnsent()
        }
        return streamID
    }

    private func open(_ streamID: UInt32, _ token: Int) {
        var index = slot(streamID)
        while streams[index].token >= 0 {
            growStreams()
            index = slot(streamID)
        }
        streams[index].token = token
    }

    @inline(__always)
    func slot(_ streamID: UInt32) -> Int { Int(streamID >> 1) & (streams.count - 1) }

    private func growStreams() {
        let old = streams
        let oldMask = old.count - 1
        streams = [Stream](repeating: Stream(), count: old.count * 2)
        // The one that is being opened, which found its place taken.
        let newest = Int(nextStreamID >> 1) - 1
        for number in max(0, newest - old.count)..<newest {
            streams[number & (streams.count - 1)] = old[number & oldMask]
        }
    }

    private func writeHeaders(_ streamID: UInt32, _ request: PreparedRequest) {
        while routes.count <= request.route { routes.append(RouteHeaders()) }
        let flags = FrameFlags.endHeaders | (request.body.isEmpty ? FrameFlags.endStream : 0)
        routes[request.route].withBlock(request.fields, &encoder) { block in
            let frame = output.append(count: FrameHeader.byteCount + block.count)
            FrameHeader(length: block.count, type: FrameType.headers, flags: flags, streamID: streamID).write(to: frame)
            UnsafeMutableRawBufferPointer(start: frame + FrameHeader.byteCount, count: block.count)
                .copyMemory(from: block)
        }
    }

    private func writeData(_ streamID: UInt32, _ bytes: UnsafeRawBufferPointer, ends: Bool) {
        let flags = ends ? FrameFlags.endStream : 0
        FrameHeader(length: bytes.count, type: FrameType.data, flags: flags, streamID: streamID)
            .write(to: output.append(count: FrameHeader.byteCount))
        output.append(staying: bytes)
    }

    /// Sends of waiting bodies what the windows let, the first ones first.
    private func sendUnsent() {
        var index = 0
        while index < unsent.count, connectionWindow > 0 {
            while unsent[index].body.count > 0 {
                let count = min(unsent[index].body.count, peerFrameLimit, connectionWindow, unsent[index].window)
                guard count > 0 else { break }
                let body = unsent[index].body
                connectionWindow -= count
                unsent[index].window -= count
                unsent[index].body = UnsafeRawBufferPointer(rebasing: body[count...])
                writeData(
                    unsent[index].streamID,
                    UnsafeRawBufferPointer(rebasing: body[..<count]),
                    ends: count == body.count
                )
            }
            if unsent[index].body.isEmpty { unsent.remove(at: index) } else { index += 1 }
        }
    }

    package override func cancel(_ handle: UInt32) -> Bool {
        guard isCurrent(handle), streams[slot(handle)].token >= 0 else { return true }
        close(handle)
        writeReset(handle)
        return true
    }

    package override func failAll(_ reason: BrokenAnswer) {
        for index in streams.indices where streams[index].token >= 0 {
            let token = streams[index].token
            streams[index] = Stream()
            receiver.answered(token, Answer(kind: .broken(reason), body: UnsafeRawBufferPointer(start: nil, count: 0)))
        }
        activeCount = 0
        unsent.removeAll()
    }

    /// Forgets a stream, and what was not sent of its request.
    func close(_ streamID: UInt32) {
        streams[slot(streamID)] = Stream()
        activeCount -= 1
        if !unsent.isEmpty { unsent.removeAll { $0.streamID == streamID } }
    }

    // MARK: Receiving

    package override func receive(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        defer { keepLent() }
        guard partial.isEmpty else {
            let joined = partial + bytes
            partial.removeAll(keepingCapacity: true)
            var fault: ProtocolFault?
            joined.withUnsafeBytes { joined in
                do throws(ProtocolFault) { try read(joined) } catch { fault = error }
                // `joined` is gone after this.
                keepLent()
            }
            if let fault { throw fault }
            return
        }
        try read(bytes)
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        var rest = bytes
        while rest.count > 0 {
            if data != nil {
                rest = try readData(rest)
                continue
            }
            guard rest.count >= FrameHeader.byteCount, let start = rest.baseAddress else { break }
            let header = FrameHeader(start)
            guard header.length <= 16_384 else { throw ProtocolFault("a frame is longer than allowed") }
            if header.type == FrameType.data {
                let payload = UnsafeRawBufferPointer(rebasing: rest[FrameHeader.byteCount...])
                guard try beginData(header, payload) else { break }
                let skipped = FrameHeader.byteCount + (header.has(FrameFlags.padded) ? 1 : 0)
                rest = UnsafeRawBufferPointer(rebasing: rest[skipped...])
                if data?.remaining == 0 { rest = try readData(rest) }
                continue
            }
            let end = FrameHeader.byteCount + header.length
            guard rest.count >= end else { break }
            try frame(header, UnsafeRawBufferPointer(rebasing: rest[FrameHeader.byteCount..<end]))
            rest = UnsafeRawBufferPointer(rebasing: rest[end...])
        }
        partial.append(contentsOf: rest)
    }

    // MARK: DATA

    /// Whether there are enough bytes to begin with the frame.
    private func beginData(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) -> Bool {
        guard header.streamID & 1 == 1, header.streamID < nextStreamID else {
            throw ProtocolFault("DATA came on a stream that was never opened")
        }
        guard continued == nil else { throw ProtocolFault("a header block was interrupted") }
        guard header.has(FrameFlags.padded) else {
            data = (header, header.length, 0, header.length)
            return true
        }
        guard let padding = payload.first else { return false }
        guard Int(padding) < header.length else { throw ProtocolFault("padding is longer than its frame") }
        data = (header, header.length - 1 - Int(padding), Int(padding), header.length)
        return true
    }

    private func readData(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) -> UnsafeRawBufferPointer {
        guard var data = self.data else { return bytes }
        let count = min(data.remaining, bytes.count)
        take(data.header.streamID, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        data.remaining -= count
        let padding = data.remaining > 0 ? 0 : min(data.padding, bytes.count - count)
        data.padding -= padding
        guard data.remaining == 0, data.padding == 0 else {
            self.data = data
            return UnsafeRawBufferPointer(rebasing: bytes[(count + padding)...])
        }
        self.data = nil
        consumed += data.flowBytes
        if consumed > Self.answerLimit / 4 {
            writeWindowUpdate(0, by: consumed)
            consumed = 0
        }
        if data.header.has(FrameFlags.endStream) { finish(data.header.streamID) }
        return UnsafeRawBufferPointer(rebasing: bytes[(count + padding)...])
    }

    private func take(_ streamID: UInt32, _ bytes: UnsafeRawBufferPointer) {
        let index = slot(streamID)
        // A stream that was given up may still get data.
        guard streams[index].token >= 0, isCurrent(streamID), bytes.count > 0 else { return }
        if lent == nil, streams[index].body.isEmpty {
            lent = (streamID, bytes)
            return
        }
        keepLent()
        streams[index].body.append(contentsOf: bytes)
        if streams[index].body.count > Self.answerLimit { giveUp(streamID) }
    }

    /// Whether the slot of that number belongs to this stream, not to a later one.
    @inline(__always)
    func isCurrent(_ streamID: UInt32) -> Bool { nextStreamID - streamID <= UInt32(streams.count) * 2 }

    private func keepLent() {
        guard let lent else { return }
        self.lent = nil
        guard isCurrent(lent.streamID), streams[slot(lent.streamID)].token >= 0 else { return }
        streams[slot(lent.streamID)].body.append(contentsOf: lent.bytes)
    }

    private func giveUp(_ streamID: UInt32) {
        writeReset(streamID)
        end(streamID, .broken(.tooLarge), UnsafeRawBufferPointer(start: nil, count: 0), nil)
    }

    // MARK: Ends

    /// The stream ended in order.
    func finish(_ streamID: UInt32) {
        let index = slot(streamID)
        guard isCurrent(streamID), streams[index].token >= 0 else { return }
        let stream = streams[index]
        let kind: Answer.Kind =
            stream.status == 200 && stream.grpcStatus >= 0 ? .grpc(stream.grpcStatus) : .http(stream.status)
        if let lent, lent.streamID == streamID {
            self.lent = nil
            end(streamID, kind, lent.bytes, stream.message)
        } else {
            stream.body.withUnsafeBytes { end(streamID, kind, $0, stream.message) }
        }
    }

    func end(_ streamID: UInt32, _ kind: Answer.Kind, _ body: UnsafeRawBufferPointer, _ message: String?) {
        let token = streams[slot(streamID)].token
        if let lent, lent.streamID == streamID { self.lent = nil }
        close(streamID)
        receiver.answered(token, Answer(kind: kind, body: body, message: message))
    }
}

// MARK: - Frames other than DATA

extension HTTP2Client {
    private func frame(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        if continued != nil, header.type != FrameType.continuation {
            throw ProtocolFault("a header block was interrupted")
        }
        switch header.type {
        case FrameType.headers: try headers(header, payload)
        case FrameType.continuation: try continuation(header, payload)
        case FrameType.rstStream: try reset(header, payload)
        case FrameType.settings: try settings(header, payload)
        case FrameType.ping: try ping(header, payload)
        case FrameType.goAway: try goAway(payload)
        case FrameType.windowUpdate: try windowUpdate(header, payload)
        case FrameType.pushPromise: throw ProtocolFault("a push came although pushes are off")
        default: break
        }
    }

    private func headers(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard header.streamID & 1 == 1, header.streamID < nextStreamID else {
            throw ProtocolFault("HEADERS came on a stream that was never opened")
        }
        var block = payload
        if header.has(FrameFlags.padded) {
            guard let padding = block.first, Int(padding) < block.count else {
                throw ProtocolFault("padding is longer than its frame")
            }
            block = UnsafeRawBufferPointer(rebasing: block[1..<(block.count - Int(padding))])
        }
        if header.has(FrameFlags.priority) {
            guard block.count >= 5 else { throw ProtocolFault("HEADERS end inside their priority") }
            block = UnsafeRawBufferPointer(rebasing: block[5...])
        }
        guard header.has(FrameFlags.endHeaders) else {
            continued = (header.streamID, header.flags, Array(block))
            return
        }
        try headerBlock(header.streamID, block, ends: header.has(FrameFlags.endStream))
    }

    private func continuation(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard var continued, continued.streamID == header.streamID else {
            throw ProtocolFault("CONTINUATION came after no header block")
        }
        continued.block += payload
        guard continued.block.count <= 1 << 20 else { throw ProtocolFault("a header block is too long") }
        guard header.has(FrameFlags.endHeaders) else {
            self.continued = continued
            return
        }
        self.continued = nil
        let ends = continued.flags & FrameFlags.endStream != 0
        var fault: ProtocolFault?
        continued.block.withUnsafeBytes { block in
            do throws(ProtocolFault) {
                try headerBlock(header.streamID, block, ends: ends)
            } catch {
                fault = error
            }
        }
        if let fault { throw fault }
    }

    private func headerBlock(
        _ streamID: UInt32,
        _ block: UnsafeRawBufferPointer,
        ends: Bool
    ) throws(ProtocolFault) {
        let meaning = try blocks.meaning(of: block, &decoder)
        let index = slot(streamID)
        guard isCurrent(streamID), streams[index].token >= 0 else { return }
        // 1xx are announcements; the answer's own fields follow.
        if meaning.status >= 200 { streams[index].status = meaning.status }
        if meaning.grpcStatus >= 0 {
            streams[index].grpcStatus = meaning.grpcStatus
            streams[index].message = meaning.message
        }
        if ends { finish(streamID) }
    }

    private func reset(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard payload.count == 4 else { throw ProtocolFault("RST_STREAM has a wrong length") }
        guard header.streamID & 1 == 1, header.streamID < nextStreamID else {
            throw ProtocolFault("RST_STREAM came for a stream that was never opened")
        }
        guard isCurrent(header.streamID), streams[slot(header.streamID)].token >= 0 else { return }
        end(header.streamID, .broken(.reset), UnsafeRawBufferPointer(start: nil, count: 0), nil)
    }

    private func settings(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        if header.has(FrameFlags.ack) { return }
        guard payload.count % 6 == 0 else { throw ProtocolFault("SETTINGS have a wrong length") }
        for offset in stride(from: 0, to: payload.count, by: 6) {
            let identifier = UInt16(bigEndian: payload.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            let value = Int(UInt32(bigEndian: payload.loadUnaligned(fromByteOffset: offset + 2, as: UInt32.self)))
            try setting(identifier, value)
        }
        hasPeerSettings = true
        FrameHeader(length: 0, type: FrameType.settings, flags: FrameFlags.ack)
            .write(to: output.append(count: FrameHeader.byteCount))
        sendUnsent()
    }

    private func setting(_ identifier: UInt16, _ value: Int) throws(ProtocolFault) {
        switch identifier {
        case SettingIdentifier.headerTableSize:
            encoder.setPeerTableByteCount(value)
            routes.removeAll()
        case SettingIdentifier.maximumConcurrentStreams: peerStreamLimit = value
        case SettingIdentifier.initialWindowSize:
            guard value <= 0x7fff_ffff else { throw ProtocolFault("a window is larger than allowed") }
            for index in unsent.indices { unsent[index].window += value - peerInitialWindow }
            peerInitialWindow = value
        case SettingIdentifier.maximumFrameSize:
            guard (16_384...0xff_ffff).contains(value) else { throw ProtocolFault("a frame size is not allowed") }
            peerFrameLimit = value
        default: break
        }
    }

    private func ping(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard payload.count == 8 else { throw ProtocolFault("PING has a wrong length") }
        if header.has(FrameFlags.ack) { return }
        FrameHeader(length: 8, type: FrameType.ping, flags: FrameFlags.ack)
            .write(to: output.append(count: FrameHeader.byteCount))
        output.append(payload)
    }

    private func goAway(_ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard payload.count >= 8 else { throw ProtocolFault("GOAWAY has a wrong length") }
        isFinishing = true
        let last = UInt32(bigEndian: payload.loadUnaligned(as: UInt32.self)) & 0x7fff_ffff
        let oldest = nextStreamID > UInt32(streams.count) * 2 ? nextStreamID - UInt32(streams.count) * 2 : 1
        for streamID in stride(from: oldest, to: nextStreamID, by: 2)
        where streamID > last && streams[slot(streamID)].token >= 0 {
            end(streamID, .broken(.closed), UnsafeRawBufferPointer(start: nil, count: 0), nil)
        }
    }

    private func windowUpdate(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard payload.count == 4 else { throw ProtocolFault("WINDOW_UPDATE has a wrong length") }
        let increment = Int(UInt32(bigEndian: payload.loadUnaligned(as: UInt32.self)) & 0x7fff_ffff)
        if header.streamID == 0 {
            connectionWindow += increment
            guard connectionWindow <= 0x7fff_ffff else { throw ProtocolFault("a window is larger than allowed") }
        } else if let index = unsent.firstIndex(where: { $0.streamID == header.streamID }) {
            unsent[index].window += increment
            guard unsent[index].window <= 0x7fff_ffff else { throw ProtocolFault("a window is larger than allowed") }
        }
        if !unsent.isEmpty { sendUnsent() }
    }

    private func writeSettings() {
        let settings: [(UInt16, UInt32)] = [
            (SettingIdentifier.enablePush, 0),
            (SettingIdentifier.initialWindowSize, UInt32(Self.answerLimit)),
        ]
        let frame = output.append(count: FrameHeader.byteCount + 6 * settings.count)
        FrameHeader(length: 6 * settings.count, type: FrameType.settings).write(to: frame)
        for (index, setting) in settings.enumerated() {
            let place = FrameHeader.byteCount + 6 * index
            frame.storeBytes(of: setting.0.bigEndian, toByteOffset: place, as: UInt16.self)
            frame.storeBytes(of: setting.1.bigEndian, toByteOffset: place + 2, as: UInt32.self)
        }
    }

    private func writeWindowUpdate(_ streamID: UInt32, by increment: Int) {
        writeNumberFrame(FrameType.windowUpdate, streamID, UInt32(increment))
    }

    private func writeReset(_ streamID: UInt32) {
        writeNumberFrame(FrameType.rstStream, streamID, HTTP2ErrorCode.cancel.rawValue)
    }

    private func writeNumberFrame(_ type: UInt8, _ streamID: UInt32, _ number: UInt32) {
        let frame = output.append(count: FrameHeader.byteCount + 4)
        FrameHeader(length: 4, type: type, streamID: streamID).write(to: frame)
        frame.storeBytes(of: number.bigEndian, toByteOffset: FrameHeader.byteCount, as: UInt32.self)
    }
}
