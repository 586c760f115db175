public import ServingPrimitives

/// Since when a store is connected or away, and how old what is known of it is. A plain value.
public struct StoreClock: Sendable, Hashable {
    public private(set) var isConnected = false
    private var since: MonotonicTime
    /// When what is known was last as the store says; `nil` while it never was.
    private var currentAt: MonotonicTime?
    private var isCurrent = false
    /// How old that was already, where it is of an earlier run.
    private var ageThen: UInt64 = 0

    /// - Parameter rememberedNanoseconds: the age of what is known from an earlier run; `nil` where nothing is.
    public init(at now: MonotonicTime, rememberedNanoseconds: UInt64? = nil) {
        since = now
        guard let rememberedNanoseconds else { return }
        (currentAt, ageThen) = (now, rememberedNanoseconds)
    }

    public mutating func take(_ status: ClusterMember.Status, at now: MonotonicTime) {
        var isConnected = false
        if case .connected = status.store { isConnected = true }
        if isConnected != self.isConnected { (self.isConnected, since) = (isConnected, now) }
        // It was so until this moment.
        if isCurrent || status.isCurrent { (currentAt, ageThen) = (now, 0) }
        isCurrent = status.isCurrent
    }

    /// For how long the store has been connected, or away.
    public func nanosecondsInState(at now: MonotonicTime) -> UInt64 { now.nanoseconds(since: since) }

    /// 0 while it is as the store says; `nil` while nothing is known.
    public func ageNanoseconds(at now: MonotonicTime) -> UInt64? {
        isCurrent ? 0 : currentAt.map { now.nanoseconds(since: $0) &+ ageThen }
    }
}
