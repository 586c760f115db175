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
        var seconds = time_t(clamping: nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: Int, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        let date = [
            padded(Int(parts.tm_year) + 1900, 4), padded(Int(parts.tm_mon) + 1, 2), padded(Int(parts.tm_mday), 2),
        ]
        let time = [padded(Int(parts.tm_hour), 2), padded(Int(parts.tm_min), 2), padded(Int(parts.tm_sec), 2)]
        let micros = padded(Int(nanoseconds % 1_000_000_000 / 1000), 6)
        return "\(date.joined(separator: "-"))T\(time.joined(separator: ":")).\(micros)Z"
    }
}
