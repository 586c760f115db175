public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Which time of day points on the monotonic clock were: the two clocks read together. Read anew for each batch of
/// records, so that steps of the time of day show.
public struct WallClock: Sendable {
    /// Nanoseconds since 1970 less those of the monotonic clock.
    private let offset: Int64

    public init() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        offset =
            Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) - Int64(clamping: MonotonicTime.now().nanoseconds)
    }

    init(offset: Int64) { self.offset = offset }

    /// Nanoseconds since 1970.
    public func nanoseconds(_ time: MonotonicTime) -> UInt64 {
        UInt64(clamping: Int64(clamping: time.nanoseconds) &+ offset)
    }

    /// `2026-11-21T20:45:37.123456Z`
    func text(_ time: MonotonicTime) -> String { Self.text(nanoseconds(time)) }

    static func text(_ nanoseconds: UInt64) -> String {
        let date = UTCDate(seconds: Int(clamping: nanoseconds / 1_000_000_000))
        let micros = Int(nanoseconds % 1_000_000_000 / 1000)
        return "\(date.dayText)T\(date.timeText).\(micros.padded(6))Z"
    }
}
