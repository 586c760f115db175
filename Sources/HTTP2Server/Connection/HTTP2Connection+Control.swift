extension HTTP2Connection {
    /// Ids that the peer has not used yet, or may never use. Frames on them are errors of the connection.
    func isIdle(_ id: UInt32) -> Bool { id & 1 == 0 || id > highestStreamID }

    // MARK: SETTINGS

    func receiveSettings(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard header.streamID == 0 else { return fail(.protocolError, "SETTINGS on a stream") }
        guard charge(.settings, "too many SETTINGS") else { return }
        if header.has(FrameFlags.ack) {
            guard payload.isEmpty else { return fail(.frameSizeError, "SETTINGS acknowledgement with a payload") }
            isSettingsAcknowledged = true
            return
        }
        guard payload.count % 6 == 0 else { return fail(.frameSizeError, "SETTINGS has a length not divisible by 6") }
        for offset in stride(from: 0, to: payload.count, by: 6) {
            let identifier = UInt16(bigEndian: payload.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            let value = UInt32(bigEndian: payload.loadUnaligned(fromByteOffset: offset + 2, as: UInt32.self))
            apply(identifier, value)
            guard isReading else { return }
        }
        sawSettings = true
        clock.finishHandshake()
        writeFrame(FrameHeader(length: 0, type: FrameType.settings, flags: FrameFlags.ack))
    }

    private func apply(_ identifier: UInt16, _ value: UInt32) {
        switch identifier {
        case SettingIdentifier.headerTableSize:
            encoder.setPeerTableByteCount(Int(value))
        case SettingIdentifier.enablePush where value > 1:
            fail(.protocolError, "SETTINGS_ENABLE_PUSH is neither 0 nor 1")
        case SettingIdentifier.initialWindowSize:
            setPeerInitialWindow(Int(value))
        case SettingIdentifier.maximumFrameSize:
            guard (16_384...16_777_215).contains(value) else {
                return fail(.protocolError, "SETTINGS_MAX_FRAME_SIZE is out of range")
            }
            peerMaximumFrame = Int(value)
        default:
            break  // unknown settings are ignored, and the others do not concern a server that never pushes
        }
    }

    /// Changes the window of every stream by the difference (RFC 9113, section 6.9.2).
    private func setPeerInitialWindow(_ value: Int) {
        guard value <= Int(Int32.max) else {
            return fail(.flowControlError, "SETTINGS_INITIAL_WINDOW_SIZE is above 2^31 - 1")
        }
        let difference = value - peerInitialWindow
        peerInitialWindow = value
        guard difference != 0 else { return }
        for stream in streams.all {
            stream.sendWindow += difference
            guard stream.sendWindow <= Int(Int32.max) else {
                return fail(.flowControlError, "SETTINGS_INITIAL_WINDOW_SIZE overflows the window of a stream")
            }
            enqueueIfReady(stream)
        }
    }

    // MARK: PING, PRIORITY, GOAWAY

    func receivePing(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard header.streamID == 0 else { return fail(.protocolError, "PING on a stream") }
        guard payload.count == 8 else { return fail(.frameSizeError, "PING has a length other than 8") }
        guard charge(.ping, "too many PING frames") else { return }
        if header.has(FrameFlags.ack) {
            if goAwayPingIsOut, payload.equals(Self.goAwayPing) { sendFinalGoAway() }
            return
        }
        if let driver, pingStrikes?.allows(at: driver.now, hasStreams: streams.count > 0) == false {
            return fail(.enhanceYourCalm, "too_many_pings")
        }
        output.append(frame: FrameHeader(length: 8, type: FrameType.ping, flags: FrameFlags.ack), payload)
    }

    /// Priorities are advice that we do not take; only their form is checked.
    func receivePriority(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard header.streamID != 0 else { return fail(.protocolError, "PRIORITY without a stream") }
        guard charge(.ignoredFrame, "too many PRIORITY frames") else { return }
        if payload.count != 5 {
            if streams[header.streamID] == nil { return fail(.frameSizeError, "PRIORITY has a length other than 5") }
            return failStream(header.streamID, .frameSizeError)
        }
        guard Self.dependency(payload) == header.streamID else { return }
        if streams[header.streamID] == nil { return fail(.protocolError, "a stream depends on itself") }
        failStream(header.streamID, .protocolError)
    }

    /// The stream that five bytes of priority name.
    static func dependency(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)) & 0x7fff_ffff
    }

    func receiveGoAway(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard header.streamID == 0 else { return fail(.protocolError, "GOAWAY on a stream") }
        guard payload.count >= 8 else { return fail(.frameSizeError, "GOAWAY is shorter than 8 bytes") }
        guard charge(.ignoredFrame, "too many GOAWAY frames") else { return }
        if phase == .open { sendFinalGoAway() }
    }

    // MARK: RST_STREAM, WINDOW_UPDATE

    func receiveReset(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard payload.count == 4 else { return fail(.frameSizeError, "RST_STREAM has a length other than 4") }
        guard !isIdle(header.streamID) else { return fail(.protocolError, "RST_STREAM on an idle stream") }
        let stream = streams[header.streamID]
        let isExcused = stream.map { handler.excusesReset(of: $0) } ?? false
        guard isExcused || charge(.reset, "too many streams were reset"), let stream else { return }
        close(stream, .finished)
        handler.streamCancelled(stream)
        release(stream)
    }

    func receiveWindowUpdate(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        guard payload.count == 4 else { return fail(.frameSizeError, "WINDOW_UPDATE has a length other than 4") }
        guard charge(.windowUpdate, "too many WINDOW_UPDATE frames") else { return }
        let increment = Int(UInt32(bigEndian: payload.loadUnaligned(as: UInt32.self)) & 0x7fff_ffff)
        if header.streamID == 0 {
            guard increment > 0 else { return fail(.protocolError, "WINDOW_UPDATE by 0") }
            sendWindow += increment
            if sendWindow > Int(Int32.max) { fail(.flowControlError, "the connection's window is above 2^31 - 1") }
            return
        }
        guard !isIdle(header.streamID) else { return fail(.protocolError, "WINDOW_UPDATE on an idle stream") }
        guard let stream = streams[header.streamID] else { return }
        guard increment > 0 else { return failStream(stream.id, .protocolError) }
        stream.sendWindow += increment
        guard stream.sendWindow <= Int(Int32.max) else { return failStream(stream.id, .flowControlError) }
        enqueueIfReady(stream)
    }
}
