/// Numbers of bytes as people write them.
public enum ByteCount {
    private static let units: [(suffix: String, factor: Int)] = [
        ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40),
        ("kb", 1000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
        ("k", 1000), ("m", 1_000_000), ("g", 1_000_000_000), ("t", 1_000_000_000_000), ("b", 1),
    ]

    /// `240MB`, `1.5 GiB`, `64000`: decimal units but for those with an i. `nil` for anything else, for what is negative
    /// and for what no 64-bit number holds.
    public static func parse(_ text: some StringProtocol) -> Int? {
        let text = text.lowercased().filter { $0 != " " && $0 != "_" }
        let unit = units.first { text.hasSuffix($0.suffix) } ?? ("", 1)
        let digits = text.dropLast(unit.suffix.count)
        guard let first = digits.first, first.isASCII, first.isNumber else { return nil }
        if let whole = Int(digits) {
            let (bytes, overflow) = whole.multipliedReportingOverflow(by: unit.factor)
            return overflow ? nil : bytes
        }
        guard digits.allSatisfy({ ("0"..."9").contains($0) || $0 == "." }), let value = Double(digits) else {
            return nil
        }
        return Int(exactly: (value * Double(unit.factor)).rounded())
    }

    /// Three or four digits and a decimal unit: `64.1 MB`.
    public static func text(_ bytes: Int) -> String {
        let scales: [(Double, String)] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
        // Half of the last digit below a unit is that unit.
        guard let (scale, unit) = scales.first(where: { abs(Double(bytes)) >= $0.0 * 0.9995 }) else {
            return "\(bytes) B"
        }
        let value = Double(bytes) / scale
        return "\(decimal(value, abs(value) < 99.95 ? 1 : 0)) \(unit)"
    }

    /// With so many places, of which zeros at the end are left out.
    static func decimal(_ value: Double, _ places: Int) -> String {
        var factor = 1.0
        for _ in 0..<places { factor *= 10 }
        let scaled = (abs(value) * factor).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        let whole = Int(scaled) / Int(factor)
        var rest = String(Int(scaled) % Int(factor))
        guard places > 0, Int(scaled) % Int(factor) != 0 else { return "\(sign)\(whole)" }
        rest = String(repeating: "0", count: places - rest.count) + rest
        while rest.hasSuffix("0") { rest.removeLast() }
        return "\(sign)\(whole).\(rest)"
    }
}
