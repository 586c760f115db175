import NIOCore

/// Counts the pings of a peer that come faster than it may send them, as gRPC core does: every frame of headers or data
/// that we send wipes the slate.
struct PingStrikes {
    /// Without streams, unless it is allowed.
    private static let idleInterval = TimeAmount.hours(2)

    private let limits: HTTP2PingLimits
    private var last: NIODeadline?
    private var count = 0

    init(_ limits: HTTP2PingLimits) { self.limits = limits }

    mutating func reset() {
        last = nil
        count = 0
    }

    /// Counts one ping. False when that was one too many.
    mutating func allows(at now: NIODeadline, hasStreams: Bool) -> Bool {
        defer { last = now }
        let interval = hasStreams || limits.allowsWithoutStreams ? limits.minimumInterval : Self.idleInterval
        guard let last, now < last + interval else { return true }
        count &+= 1
        return limits.maximumStrikes == 0 || count <= limits.maximumStrikes
    }
}
