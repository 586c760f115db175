import ArgumentParser

/// A time with a unit: `25ms`, `10s`, `500us`, `2m`; a bare number is seconds.
struct DurationArgument: ExpressibleByArgument, Sendable {
    var nanoseconds: UInt64
    private let text: String

    init?(argument: String) {
        let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9)]
        let number = argument.prefix { $0.isNumber || $0 == "." }
        let unit = argument.dropFirst(number.count)
        guard let value = Double(number), let scale = unit.isEmpty ? 1e9 : units.first(where: { $0.0 == unit })?.1,
            value >= 0, value * scale < 1e16
        else { return nil }
        nanoseconds = UInt64(value * scale)
        text = argument
    }

    init(seconds: Double) {
        nanoseconds = UInt64(seconds * 1e9)
        text = seconds < 1 ? "\(Int(seconds * 1e3))ms" : "\(Int(seconds))s"
    }

    var defaultValueDescription: String { text }
}

/// Numbers with commas between: `1,16,128`.
struct NumberList: ExpressibleByArgument, Sendable {
    var values: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        values = parts.compactMap { $0 }
        guard !values.isEmpty, values.count == parts.count, values.allSatisfy({ $0 > 0 && $0 < 1e9 }) else {
            return nil
        }
    }
}

/// Whole numbers with commas between.
struct CountList: ExpressibleByArgument, Sendable {
    var values: [Int]

    init?(argument: String) {
        guard let list = NumberList(argument: argument), list.values.allSatisfy({ $0 == $0.rounded() && $0 <= 100_000 })
        else { return nil }
        values = list.values.map { Int($0) }
    }
}

/// `FIRST:LAST:STEPS`: rates from one to another.
struct RampArgument: ExpressibleByArgument, Sendable {
    var rates: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ":").compactMap { Double($0) }
        guard parts.count == 3, parts[0] > 0, parts[1] > 0, parts[1] < 1e9, (2...1000).contains(parts[2]) else {
            return nil
        }
        let steps = Int(parts[2])
        rates = (0..<steps).map { parts[0] + (parts[1] - parts[0]) * Double($0) / Double(steps - 1) }
    }
}

/// `10s@3x`: for so long so many times the rate.
struct BurstArgument: ExpressibleByArgument, Sendable {
    var seconds: Double
    var factor: Double

    init?(argument: String) {
        let parts = argument.split(separator: "@")
        guard parts.count == 2, let length = DurationArgument(argument: String(parts[0])), length.nanoseconds > 0,
            parts[1].hasSuffix("x"), let factor = Double(parts[1].dropLast()), factor > 0, factor <= 1000
        else { return nil }
        seconds = Double(length.nanoseconds) / 1e9
        self.factor = factor
    }
}

/// `INPUT:2x3x4`.
struct ShapeArgument: ExpressibleByArgument, Sendable {
    var input: String
    var sizes: [Int]

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":") else { return nil }
        input = String(argument[..<colon])
        let parts = argument[argument.index(after: colon)...].split(separator: "x", omittingEmptySubsequences: false)
        sizes = parts.compactMap { Int($0) }
        guard !input.isEmpty, sizes.count == parts.count, sizes.allSatisfy({ $0 >= 0 }) else { return nil }
    }
}

/// `NAME: VALUE`.
struct HeaderArgument: ExpressibleByArgument, Sendable {
    var name: String
    var value: String

    init?(argument: String) {
        guard let colon = argument.dropFirst().firstIndex(of: ":") else { return nil }
        name = argument[..<colon].lowercased()
        value = String(argument[argument.index(after: colon)...].drop { $0 == " " })
        let isToken = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        guard !name.isEmpty, isToken, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { return nil }
    }
}

/// `NAME=VALUE` or `VALUE`.
struct MaybeNamed: ExpressibleByArgument, Sendable {
    var name: String?
    var value: String
    /// As given: a value may have a `=` of its own.
    var whole: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        whole = argument
        let separator = argument.firstIndex(of: "=")
        // `http://host/path?a=b` and paths are values.
        if let separator, separator > argument.startIndex,
            !argument[..<separator].contains(where: { "/:".contains($0) })
        {
            name = String(argument[..<separator])
            value = String(argument[argument.index(after: separator)...])
        } else {
            value = argument
        }
    }
}
