import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Points in time as people read them, like `2026-11-21 14:30:00 UTC`.
enum UTCTime {
    /// Seconds since 1970.
    static func now() -> Int { time(nil) }

    /// - Parameter seconds: since 1970.
    static func text(_ seconds: Int) -> String {
        let date = UTCDate(seconds: seconds)
        return "\(date.dayText) \(date.timeText) UTC"
    }
}
