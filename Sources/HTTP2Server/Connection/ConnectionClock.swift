import NIOCore

/// How long things have lasted on a connection, in ticks of about a second. Limits are rounded up to whole ticks.
struct ConnectionClock {
    private let handshakeLimit: Int
    private let stallLimit: Int
    private let idleLimit: Int?
    private let keepaliveInterval: Int?
    private let keepaliveLimit: Int
    private let keepaliveWithoutStreams: Bool
    private let ageLimit: Int?
    private let ageGrace: Int?

    private var handshakeTicks = 0
    private var isHandshaking = true
    private var quietTicks = 0
    private var stalledTicks = 0
    private var idleTicks = 0
    private var drainTicks = 0
    private var ageTicks = 0

    init(_ configuration: HTTP2ServerConfiguration) {
        handshakeLimit = Self.ticks(configuration.handshakeTimeout)
        stallLimit = Self.ticks(configuration.outputStallTimeout)
        idleLimit = configuration.idleTimeout.map(Self.ticks)
        keepaliveInterval = configuration.keepaliveInterval.map(Self.ticks)
        keepaliveLimit = Self.ticks(configuration.keepaliveTimeout)
        keepaliveWithoutStreams = configuration.keepaliveWithoutStreams
        ageLimit = configuration.connectionAge.map(Self.ticks)
        ageGrace = configuration.connectionAgeGrace.map(Self.ticks)
    }

    private static func ticks(_ time: TimeAmount) -> Int {
        let second: Int64 = 1_000_000_000
        return Int(max(1, time.nanoseconds / second + (time.nanoseconds % second > 0 ? 1 : 0)))
    }

    mutating func finishHandshake() { isHandshaking = false }

    mutating func heardFromPeer() { quietTicks = 0 }

    mutating func madeProgress() { stalledTicks = 0 }

    /// Whether time matters even when nothing happens.
    var runsAlways: Bool { isHandshaking || idleLimit != nil || keepaliveInterval != nil || ageLimit != nil }

    /// What one more tick brings about.
    struct Verdict {
        var handshakeExpired = false
        var outputStalled = false
        var isIdle = false
        var keepaliveIsDue = false
        var keepaliveExpired = false
        var drainPingExpired = false
        var isOld = false
        var ageGraceExpired = false
    }

    mutating func tick(outputWaits: Bool, hasStreams: Bool, drainPingIsOut: Bool) -> Verdict {
        var verdict = Verdict()
        handshakeTicks = isHandshaking ? handshakeTicks + 1 : 0
        verdict.handshakeExpired = handshakeTicks > handshakeLimit
        stalledTicks = outputWaits ? stalledTicks + 1 : 0
        verdict.outputStalled = stalledTicks > stallLimit
        idleTicks = hasStreams ? 0 : idleTicks + 1
        if let idleLimit { verdict.isIdle = idleTicks == idleLimit }
        quietTicks = hasStreams || keepaliveWithoutStreams ? quietTicks + 1 : 0
        if let keepaliveInterval {
            verdict.keepaliveIsDue = quietTicks == keepaliveInterval
            verdict.keepaliveExpired = quietTicks >= keepaliveInterval + keepaliveLimit
        }
        drainTicks = drainPingIsOut ? drainTicks + 1 : 0
        verdict.drainPingExpired = drainTicks > 1
        ageTicks += 1
        if let ageLimit {
            verdict.isOld = ageTicks == ageLimit
            if let ageGrace { verdict.ageGraceExpired = ageTicks >= ageLimit + ageGrace }
        }
        return verdict
    }
}
