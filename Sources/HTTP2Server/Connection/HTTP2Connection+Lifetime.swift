extension HTTP2Connection {
    /// Distinguishes the answer to the PING of a graceful shutdown.
    static let goAwayPing: [UInt8] = [0x61, 0x70, 0x75, 0x73, 0x2d, 0x65, 0x6e, 0x64]
    private static let keepalivePing: [UInt8] = [0x61, 0x70, 0x75, 0x73, 0x2d, 0x6c, 0x69, 0x76]

    // MARK: graceful shutdown

    /// Lets requests in flight finish and takes no others, without losing any that is under way (RFC 9113,
    /// section 6.8): first a GOAWAY that refuses nothing, then, when a PING has come back, the final one.
    package func beginGracefulShutdown() {
        switch phase {
        case .preface:
            phase = .finished
        case .open:
            phase = .draining
            writeGoAway(lastStreamID: 0x7fff_ffff, code: .noError, reason: "")
            writePing(Self.goAwayPing)
            goAwayPingIsOut = true
        case .draining, .finished, .failed, .closed:
            break
        }
    }

    /// Takes no new streams from here on.
    func sendFinalGoAway() {
        phase = .draining
        goAwayPingIsOut = false
        lastAcceptedStreamID = highestStreamID
        writeGoAway(lastStreamID: highestStreamID, code: .noError, reason: "")
        finishDrainingIfDone()
    }

    func finishDrainingIfDone() {
        guard phase == .draining, !goAwayPingIsOut, streams.count == 0 else { return }
        phase = .finished
    }

    private func writePing(_ payload: [UInt8]) {
        payload.withUnsafeBytes { output.append(frame: FrameHeader(length: 8, type: FrameType.ping), $0) }
    }

    // MARK: time

    /// Whether `tick` has to be called a second from now.
    package var needsTicks: Bool {
        guard isReading else { return false }
        return clock.runsAlways || meter.isCounting || pendingByteCount > 0 || goAwayPingIsOut
    }

    /// The transport is to be closed.
    package var isOver: Bool { phase == .finished || phase == .failed }

    /// The transport has passed on what it was given.
    package func transportTookOutput() { clock.madeProgress() }

    /// A second has passed. `transportIsBlocked`: the peer does not take what was given to the transport.
    package func tick(transportIsBlocked: Bool) {
        guard isReading else { return }
        meter.tick()
        let verdict = clock.tick(
            outputWaits: pendingByteCount > 0 || transportIsBlocked,
            hasStreams: streams.count > 0,
            drainPingIsOut: goAwayPingIsOut
        )
        if verdict.handshakeExpired { return fail(.settingsTimeout, "the client's preface or SETTINGS did not come") }
        if verdict.outputStalled { return fail(.enhanceYourCalm, "the peer takes no output") }
        if verdict.keepaliveExpired { return fail(.noError, "the peer did not answer a keepalive PING") }
        if verdict.keepaliveIsDue, phase != .preface { writePing(Self.keepalivePing) }
        if verdict.drainPingExpired { sendFinalGoAway() }
        if verdict.ageGraceExpired { return fail(.noError, "the connection is too old") }
        if verdict.isIdle || verdict.isOld { beginGracefulShutdown() }
    }
}
