/// Numbers of a request as error texts show them. Tensors are written by `DecimalWriter`.
enum DecimalText {
    /// A value that is a number by itself: as answers write floats, or doubles where a float cannot hold it.
    static func text(lone number: JSONNumber) -> String {
        guard case .decimal(let value) = number else { return integer(number) }
        let isFloat = value.magnitude <= Double(Float.greatestFiniteMagnitude)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: DecimalWriter.maximumLength) { target in
            // Capacity is above zero.
            let start = target.baseAddress!
            let end = isFloat ? DecimalWriter.write(Float(value), to: start) : DecimalWriter.write(value, to: start)
            return String(decoding: target[..<(end - start)], as: UTF8.self)
        }
    }

    /// A number inside a list or object: the shortest digits that read back, laid out as RapidJSON's writer does.
    static func text(nested number: JSONNumber) -> String {
        guard case .decimal(let value) = number else { return integer(number) }
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
        guard value != 0 else { return value.sign == .minus ? "-0.0" : "0.0" }
        let (digits, exponent) = shortestDigits(value.magnitude)
        return (value < 0 ? "-" : "") + layOut(digits, pointAt: exponent)
    }

    private static func integer(_ number: JSONNumber) -> String {
        switch number {
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .decimal(let value): String(value)
        }
    }

    /// The digits of `value` without leading and trailing zeros, and where the point is: 0.DIGITS times ten to this.
    private static func shortestDigits(_ value: Double) -> (digits: String, exponent: Int) {
        let parts = value.description.split(separator: "e")
        let whole = parts[0].prefix { $0 != "." }
        let fraction = parts[0].dropFirst(whole.count + 1)
        let all = whole + fraction
        let significant = all.drop { $0 == "0" }
        var digits = String(significant)
        while digits.last == "0" { digits.removeLast() }
        let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return (digits, whole.count - (all.count - significant.count) + power)
    }

    private static func layOut(_ digits: String, pointAt point: Int) -> String {
        let zeros = { (count: Int) in String(repeating: "0", count: count) }
        switch point {
        case digits.count...21 where digits.count <= 21: return digits + zeros(point - digits.count) + ".0"
        case 1...21: return digits.prefix(point) + "." + digits.dropFirst(point)
        case -5...0: return "0." + zeros(-point) + digits
        default:
            let fraction = digits.dropFirst()
            return digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction) + "e\(point - 1)"
        }
    }
}
