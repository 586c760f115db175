/// A page of metrics as TensorFlow Serving writes it: Prometheus' text format, without HELP lines.
struct MetricPage {
    private(set) var text: [UInt8] = []

    init() { text.reserveCapacity(16 * 1024) }

    mutating func write<Cell>(_ family: MetricFamily<Cell>) {
        let name = Self.metricName(family.name)
        append("# TYPE \(name) \(Self.type(Cell.self))\n")
        for (values, cell) in family.usedCells() {
            let labels = Self.labelList(family.labels, values)
            if let histogram = cell as? Histogram {
                write(histogram, name, labels)
            } else if let cell = cell as? any IntegerCell {
                append("\(name){\(labels)} \(cell.value)\n")
            }
        }
    }

    mutating func write(_ samples: CollectedSamples) {
        let name = Self.metricName(samples.name)
        append("# TYPE \(name) \(samples.type.rawValue)\n")
        for (values, value) in samples.read() {
            append("\(name){\(Self.labelList(samples.labels, values))} \(Self.text(value))\n")
        }
    }

    /// Whole numbers without a fraction.
    private static func text(_ value: Double) -> String { Int64(exactly: value).map { "\($0)" } ?? "\(value)" }

    private mutating func write(_ histogram: Histogram, _ name: String, _ labels: String) {
        let prefix = "\(name)_bucket{\(labels)\(labels.isEmpty ? "" : ",")le=\""
        let counts = histogram.counts
        var cumulative: Int64 = 0
        for (count, limit) in zip(counts, histogram.bounds.texts + ["+Inf"]) {
            cumulative &+= count
            append("\(prefix)\(limit)\"} \(cumulative)\n")
        }
        let unit = histogram.bounds.unit
        // Six digits are TensorFlow Serving's; rates of a large sum need more.
        let sum = unit == 1 ? sixDigits(Double(histogram.sum)) : "\(Double(histogram.sum) / unit)"
        append("\(name)_sum{\(labels)} \(sum)\n")
        append("\(name)_count{\(labels)} \(cumulative)\n")
    }

    private mutating func append(_ line: String) { text.append(contentsOf: line.utf8) }

    private static func type(_ cell: (some MetricCell).Type) -> String {
        if cell == Counter.self { return "counter" }
        if cell == Gauge.self { return "gauge" }
        return cell == Histogram.self ? "histogram" : "untyped"
    }

    /// Every character but letters, digits and `_` becomes `:`; a name does not begin with a digit.
    static func metricName(_ name: String) -> String {
        let mangled = String(
            decoding: name.utf8.map { isWord($0, orUnderscore: true) ? $0 : UInt8(ascii: ":") },
            as: UTF8.self
        )
        return beginsWithDigit(mangled) ? "_\(mangled)" : mangled
    }

    /// Every character but letters and digits becomes `_`; a name does not begin with a digit.
    static func labelName(_ name: String) -> String {
        let mangled = String(decoding: name.utf8.map { isWord($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
        return beginsWithDigit(mangled) ? "_\(mangled)" : mangled
    }

    private static func isWord(_ byte: UInt8, orUnderscore: Bool = false) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "_"): orUnderscore
        default: false
        }
    }

    private static func beginsWithDigit(_ name: String) -> Bool {
        name.utf8.first.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ?? false
    }

    static func labelList(_ names: [String], _ values: [String]) -> String {
        zip(names, values).map { "\(labelName($0))=\"\(escaped($1))\"" }.joined(separator: ",")
    }

    /// TensorFlow Serving leaves line feeds as they are; then no reader can make sense of the page, so they are escaped
    /// as the format demands.
    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 10 }) else {
            return value
        }
        var escaped = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension MetricRegistry {
    /// The page with all metrics, in UTF-8. Takes a while when there are many cells: not for an event loop.
    public func page() -> [UInt8] {
        var page = MetricPage()
        for family in sortedFamilies { family.write(to: &page) }
        return page.text
    }
}
