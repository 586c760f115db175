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
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let start = buffer.baseAddress, strftime(start, buffer.count, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0
            else { return "\(seconds) s after 1970" }
            return String(cString: start)
        }
    }
}
