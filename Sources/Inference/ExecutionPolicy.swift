/// Decides on which thread a run happens.
public struct ExecutionPolicy: Sendable {
    /// Runs expected to take at most this long happen on the caller's thread (an event loop). A hand-over to an engine
    /// thread and back costs about 5 µs of CPU and two wake-ups; much above 50 µs a run would hold up the other
    /// connections of the loop. 0 sends every run to the engine threads.
    public var inlineLimitNanoseconds: UInt64

    public init(inlineLimitNanoseconds: UInt64 = 50_000) { self.inlineLimitNanoseconds = inlineLimitNanoseconds }

    public enum Placement: Sendable, Hashable {
        case callerThread
        case engineThread
    }

    /// - Parameter expectedNanoseconds: 0 when runs of this size have not been seen; those never hold up a loop.
    public func placement(expectedNanoseconds: UInt64) -> Placement {
        expectedNanoseconds > 0 && expectedNanoseconds <= inlineLimitNanoseconds ? .callerThread : .engineThread
    }
}
