#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes floats and doubles as TensorFlow Serving's answers have them: `%g` with six digits, or with nine
/// (float) and seventeen (double) when six do not read back as the same value; `.0` behind whole numbers without
/// exponent; `NaN`, `Infinity`, `-Infinity`.
///
/// `printf` from Swift costs 400 ns and only serves what the arithmetic here cannot decide.
enum DecimalWriter {
    /// Room that `write` needs; some of it is scratch.
    static let maximumLength = 48

    /// Writes `value` at `target`, where `maximumLength` bytes are free; returns the end of the text.
    static func write(_ value: Float, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard value.isFinite else { return writeSpecial(isNaN: value.isNaN, isNegative: value < 0, to: target) }
        let start = writeSign(value.sign == .minus, to: target)
        let size = Double(value.magnitude)
        if let end = writeSmallInteger(size, to: start) { return end }
        guard value.magnitude >= Float.leastNormalMagnitude, let nine = PrintedDecimal(nineDigitsOf: size) else {
            return writeByPrintf(size, digits: 9, to: start) { strtof($0, nil) == value.magnitude }
        }
        // Half the distance between neighbouring floats is at most 60 units of the ninth digit: digits seven to nine
        // mostly tell that six are not enough.
        guard (nine.digits &+ 64) % 1000 <= 128 else { return nine.write(to: start) }
        let six = nine.sixDigits
        guard let back = six.double, back.bitPattern & 0x1FFF_FFFF != 0x1000_0000 else {
            return writeByPrintf(size, digits: 9, to: start) { strtof($0, nil) == value.magnitude }
        }
        return (Float(back) == value.magnitude ? six : nine).write(to: start)
    }

    /// As for floats.
    static func write(_ value: Double, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard value.isFinite else { return writeSpecial(isNaN: value.isNaN, isNegative: value < 0, to: target) }
        let start = writeSign(value.sign == .minus, to: target)
        let size = value.magnitude
        if let end = writeSmallInteger(size, to: start) { return end }
        if let nine = PrintedDecimal(nineDigitsOf: size), nine.digits % 1000 != 0 || nine.sixDigits.double != nil {
            if nine.digits % 1000 == 0, nine.sixDigits.double == size { return nine.sixDigits.write(to: start) }
            if let all = PrintedDecimal(seventeenDigitsOf: size) { return all.write(to: start) }
        }
        return writeByPrintf(size, digits: 17, to: start) { strtod($0, nil) == size }
    }

    private static func writeSign(
        _ isNegative: Bool,
        to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        guard isNegative else { return target }
        target[0] = UInt8(ascii: "-")
        return target + 1
    }

    private static func writeSpecial(
        isNaN: Bool,
        isNegative: Bool,
        to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let text: StaticString = isNaN ? "NaN" : isNegative ? "-Infinity" : "Infinity"
        target.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        return target + text.utf8CodeUnitCount
    }

    /// Whole numbers of at most six digits.
    @inline(__always)
    private static func writeSmallInteger(
        _ size: Double,
        to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8>? {
        guard size < 1_000_000 else { return nil }
        let whole = UInt32(size)
        guard Double(whole) == size else { return nil }
        let end = IntegerWriter.write(UInt64(whole), to: target)
        end[0] = UInt8(ascii: ".")
        end[1] = UInt8(ascii: "0")
        return end + 2
    }

    /// The slow way, for values whose digits the arithmetic above cannot tell for sure.
    private static func writeByPrintf(
        _ size: Double,
        digits: Int32,
        to target: UnsafeMutablePointer<UInt8>,
        readsBack: (UnsafePointer<CChar>) -> Bool
    ) -> UnsafeMutablePointer<UInt8> {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { text in
            let start = text.baseAddress!  // Capacity is above zero.
            func print(_ digits: Int32) -> Int {
                Int(withVaList([digits, size]) { vsnprintf(start, text.count, "%.*g", $0) })
            }
            var count = print(6)
            if !readsBack(start) { count = print(digits) }
            var isWhole = true
            for index in 0..<count {
                target[index] = UInt8(bitPattern: text[index])
                if target[index] == UInt8(ascii: ".") || target[index] == UInt8(ascii: "e") { isWhole = false }
            }
            guard isWhole else { return target + count }
            target[count] = UInt8(ascii: ".")
            target[count + 1] = UInt8(ascii: "0")
            return target + count + 2
        }
    }
}
