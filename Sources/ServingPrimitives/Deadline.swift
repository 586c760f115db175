#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A point on the monotonic clock, in nanoseconds since an arbitrary start.
///
/// A plain integer on purpose: `ContinuousClock.Instant` is 16 bytes and a call into the runtime, and the request
/// path reads the clock several times per call.
public struct MonotonicTime: Sendable, Hashable, Comparable {
    public var nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Reads `CLOCK_MONOTONIC`; about 20 ns.
    public static func now() -> MonotonicTime {
        var value = timespec()
        clock_gettime(CLOCK_MONOTONIC, &value)
        return MonotonicTime(nanoseconds: UInt64(value.tv_sec) &* 1_000_000_000 &+ UInt64(value.tv_nsec))
    }

    /// Processor time that the calling thread has had; some 200 ns to ask.
    public static func ofThread() -> MonotonicTime {
        var value = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &value)
        return MonotonicTime(nanoseconds: UInt64(value.tv_sec) &* 1_000_000_000 &+ UInt64(value.tv_nsec))
    }

    public static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.nanoseconds < b.nanoseconds }

    /// `self` plus a span; saturates instead of overflowing.
    public func advanced(byNanoseconds span: UInt64) -> MonotonicTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(span)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    /// Nanoseconds from `earlier` to `self`; 0 when `earlier` is later.
    public func nanoseconds(since earlier: MonotonicTime) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }
}

/// When an answer stops being of use. `.never` is a request without a deadline.
public struct Deadline: Sendable, Hashable, Comparable {
    public var time: MonotonicTime

    public init(_ time: MonotonicTime) { self.time = time }

    public static let never = Deadline(MonotonicTime(nanoseconds: .max))

    public var isNever: Bool { time.nanoseconds == .max }

    public static func < (a: Deadline, b: Deadline) -> Bool { a.time < b.time }

    public func hasPassed(at now: MonotonicTime) -> Bool { time <= now }

    /// Nanoseconds left at `now`; 0 when passed, `UInt64.max` for `.never`.
    public func remaining(at now: MonotonicTime) -> UInt64 { isNever ? .max : time.nanoseconds(since: now) }

    public static func after(nanoseconds span: UInt64, from now: MonotonicTime) -> Deadline {
        Deadline(now.advanced(byNanoseconds: span))
    }
}
