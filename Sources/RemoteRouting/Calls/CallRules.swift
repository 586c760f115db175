public import ServingPrimitives

/// How calls of other machines are made.
public struct CallRules: Sendable, Hashable {
    /// Longest time of a call, in nanoseconds; `nil` is no limit of its own.
    public var timeout: UInt64?
    /// A call that a replica cannot answer is made once more, of another one.
    public var retries = true
    /// Nanoseconds without an answer after which another replica is asked as well; `nil` never.
    public var hedgeDelay: UInt64?
    public var ejection = EjectionRules()

    public init() {}

    /// The earlier of the caller's deadline and our own.
    public func deadline(_ caller: Deadline, at now: MonotonicTime) -> Deadline {
        min(caller, timeout.map { Deadline.after(nanoseconds: $0, from: now) } ?? .never)
    }
}
