#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Times as stores write them, in nanoseconds since 1970.
enum StoreDate {
    /// `2026-11-21T20:45:37.123Z`; whole seconds. `nil` for anything else.
    static func iso(_ text: String) -> Int64? {
        let parts = text.utf8.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard parts.count >= 6, text.utf8.contains(UInt8(ascii: "T")), text.hasSuffix("Z") || text.hasSuffix("+00:00")
        else { return nil }
        let numbers = parts.prefix(6).compactMap { Int32(Substring($0)) }
        guard numbers.count == 6 else { return nil }
        return nanoseconds(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])
    }

    /// `Sat, 21 Nov 2026 20:45:37 GMT`; `nil` for anything else.
    static func http(_ text: String) -> Int64? {
        let parts = text.split { $0 == " " || $0 == ":" }
        guard parts.count == 8, parts[7] == "GMT", let day = Int32(parts[1]), let year = Int32(parts[3]),
            let month = months.firstIndex(of: String(parts[2])), let hour = Int32(parts[4]),
            let minute = Int32(parts[5]), let second = Int32(parts[6])
        else { return nil }
        return nanoseconds(year, Int32(month) + 1, day, hour, minute, second)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func nanoseconds(
        _ year: Int32,
        _ month: Int32,
        _ day: Int32,
        _ hour: Int32,
        _ minute: Int32,
        _ second: Int32
    ) -> Int64? {
        guard (1970...2200).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        return Int64(timegm(&parts)) * 1_000_000_000
    }
}
