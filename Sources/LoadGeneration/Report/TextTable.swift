/// Numbers and tables for a terminal.
public enum TextTable {
    /// Columns aligned to the right but for the first `leftCount`.
    public static func lines(_ rows: [[String]], leftCount: Int = 1) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column < leftCount ? cell + padding : padding + cell
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// A time with three digits and a unit.
    public static func time(_ nanoseconds: UInt64) -> String {
        let value = Double(nanoseconds)
        switch value {
        case ..<1e3: return "\(nanoseconds) ns"
        case ..<1e6: return digits(value / 1e3) + " µs"
        case ..<1e9: return digits(value / 1e6) + " ms"
        default: return digits(value / 1e9) + " s"
        }
    }

    /// A number of things a second.
    public static func rate(_ value: Double) -> String {
        guard value.isFinite, value < 1e15 else { return "-" }
        if value < 100 { return digits(value) }
        return grouped(Int(value.rounded()))
    }

    /// `1234567` as `1,234,567`.
    public static func grouped(_ value: Int) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text = "," + text }
            text = String(digit) + text
        }
        return (value < 0 ? "-" : "") + text
    }

    /// Three digits at least: 1.23, 12.3, 123.
    public static func digits(_ value: Double) -> String {
        let places = value.magnitude < 9.995 ? 2 : value.magnitude < 99.95 ? 1 : 0
        return fixed(value, places)
    }

    /// Without zeros behind the point.
    public static func short(_ value: Double) -> String {
        var text = fixed(value, 3)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "-" }
        let scale = [1.0, 10, 100, 1000][places]
        let scaled = Int((value.magnitude * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % Int(scale))
        return "\(sign)\(scaled / Int(scale))." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
