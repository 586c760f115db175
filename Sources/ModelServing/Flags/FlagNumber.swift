#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Numbers as TensorFlow's flag parser reads them: what C's `%d`, `%lld` and `%f` take, and nothing after it.
enum FlagNumber {
    /// Blanks, a sign and decimal digits; `nil` for everything else, also for a number that does not fit.
    static func integer<Value: FixedWidthInteger>(_ text: String) -> Value? {
        // Swift's own reading takes a sign and digits, no blanks and no prefix of a base.
        Value(text.drop(while: isBlank))
    }

    /// Also hexadecimal, infinite and NaN, which C takes for numbers.
    static func float(_ text: String) -> Float? {
        guard !text.isEmpty else { return nil }
        return text.withCString { start in
            var end: UnsafeMutablePointer<CChar>?
            let value = strtof(start, &end)
            guard let end, end > UnsafeMutablePointer(mutating: start), end.pointee == 0 else { return nil }
            return value
        }
    }

    /// C's `%f`.
    static func sixDecimals(_ value: Float) -> String {
        let millionths = Int64((Double(value).magnitude * 1_000_000).rounded())
        let fraction = String(millionths % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - fraction.count)
        return "\(value < 0 ? "-" : "")\(millionths / 1_000_000).\(zeros)\(fraction)"
    }

    private static func isBlank(_ character: Character) -> Bool { " \t\n\u{B}\u{C}\r".contains(character) }
}
