#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Something that took time during a run.
public struct TraceEvent: Sendable, Hashable {
    /// What an event is of.
    public enum Kind: Sendable, Hashable {
        /// A whole run of a model, seen from outside of the engine.
        case run
        /// One operation of its graph.
        case operation
    }

    public var kind: Kind
    /// The operation's name in the graph (`dense/MatMul`), or which model and signature was run.
    public var name: String
    /// Type of the operation (`MatMul`); empty for a run.
    public var operation: String
    /// The engine's name of the device; empty for a run.
    public var device: String
    /// Tells threads apart.
    public var thread: UInt32
    /// Nanoseconds of Unix time.
    public var start: Int64
    /// Nanoseconds.
    public var duration: Int64

    public init(
        _ kind: Kind,
        name: String,
        operation: String = "",
        device: String = "",
        thread: UInt32,
        start: Int64,
        duration: Int64
    ) {
        self.kind = kind
        self.name = name
        self.operation = operation
        self.device = device
        self.thread = thread
        self.start = start
        self.duration = duration
    }

    /// Nanoseconds of Unix time now.
    public static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// What tells the calling thread apart from the others, as TensorFlow does.
    public static var currentThread: UInt32 {
        #if canImport(Musl)
        UInt32(truncatingIfNeeded: UInt(bitPattern: pthread_self()))
        #else
        UInt32(truncatingIfNeeded: pthread_self())
        #endif
    }
}
