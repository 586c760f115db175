#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A second in the calendar, in UTC.
public struct UTCDate: Sendable {
    public let year: Int
    /// From 1 to 12.
    public let month: Int
    /// Of the month, from 1.
    public let day: Int
    /// Days since Sunday.
    public let weekday: Int
    public let hour: Int
    public let minute: Int
    public let second: Int

    /// - Parameter seconds: since 1970.
    public init(seconds: Int) {
        var seconds = time_t(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        year = Int(parts.tm_year) + 1900
        month = Int(parts.tm_mon) + 1
        day = Int(parts.tm_mday)
        weekday = Int(parts.tm_wday)
        hour = Int(parts.tm_hour)
        minute = Int(parts.tm_min)
        second = Int(parts.tm_sec)
    }

    /// `2026-11-21`
    public var dayText: String { joined([year, month, day], "-") }

    /// `20:45:37`
    public var timeText: String { joined([hour, minute, second], ":") }

    /// `2026-11-21T20:45:37Z`
    public var text: String { "\(dayText)T\(timeText)Z" }

    /// `20261121T204537Z`, for names of files.
    public var compactText: String { "\(joined([year, month, day], ""))T\(joined([hour, minute, second], ""))Z" }

    private func joined(_ numbers: [Int], _ separator: String) -> String {
        numbers.map { $0.padded(2) }.joined(separator: separator)
    }
}

extension Int {
    /// The number with zeros before it, up to so many digits.
    public func padded(_ count: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, count - digits.utf8.count)) + digits
    }
}
