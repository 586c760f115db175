import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The value of the `Date` header field (RFC 9110, section 5.6.7), made once a second.
struct HTTPDate {
    private var second = Int.min
    private(set) var text: [UInt8] = []

    /// - Parameter now: seconds since 1970.
    mutating func update(now: Int) {
        guard now != second else { return }
        second = now
        text = Array(Self.text(now).utf8)
    }

    /// Seconds since 1970, from the clock that is cheapest to read.
    static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return time.tv_sec
    }

    static func text(_ seconds: Int) -> String {
        let date = UTCDate(seconds: seconds)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = "\(days[date.weekday]), \(date.day.padded(2)) \(months[date.month - 1]) \(date.year)"
        return "\(day) \(date.timeText) GMT"
    }
}
