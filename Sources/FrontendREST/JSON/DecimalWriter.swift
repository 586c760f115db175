#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes floats and doubles as TensorFlow Serving's answers have them: `%g` with six digits, or with nine
/// (float) and seventeen (double) when six do not read back as the same value; `.0` behind whole numbers without
/// exponent; `NaN`, `Infinity`, `-Infinity`.
///
/// About 20 ns for most values. `printf` from Swift costs 400 ns and only serves what the arithmetic here cannot decide.
enum DecimalWriter {
    /// Room that `write` needs; some of it is scratch.
    static let maximumLength = 48

    /// Writes `value` at `target`, where `maximumLength` bytes are free; returns the end of the text.
    static func write(_ value: Float, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard value.isFinite else { return writeSpecial(isNaN: value.isNaN, isNegative: value < 0, to: target) }
        let start = writeSign(value.sign == .minus, to: target)
        let size = Double(value.magnitude)
        if let end = writeSmallInteger(size, to: start) { return end }
        guard value.magnitude >= Float.leastNormalMagnitude, let nine = Decimal(nineDigitsOf: size) else {
            return writeByPrintf(size, digits: 9, to: start) { strtof($0, nil) == value.magnitude }
        }
        // Half the distance between neighbouring floats is at most 60 units of the ninth digit: digits seven to nine
        // mostly tell that six are not enough.
        guard (nine.digits + 64) % 1000 <= 128 else { return nine.write(to: start) }
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
        if let nine = Decimal(nineDigitsOf: size), nine.digits % 1000 != 0 || nine.sixDigits.double != nil {
            if nine.digits % 1000 == 0, nine.sixDigits.double == size { return nine.sixDigits.write(to: start) }
            if let all = Decimal(seventeenDigitsOf: size) { return all.write(to: start) }
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

/// A decimal of a fixed number of digits, the first of them not zero.
private struct Decimal {
    var digits: UInt64
    var count: Int
    /// The power of ten of the first digit.
    var exponent: Int

    /// `size` (above zero) rounded to nine digits; `nil` when the rounding is too close to call or the exponent out of
    /// range.
    @inline(__always)
    init?(nineDigitsOf size: Double) {
        var exponent = Self.estimatedExponent(size)
        guard exponent >= -36, exponent <= 36 else { return nil }
        var scaled = Self.scale(size, by: 8 - exponent)
        if scaled >= 1e9 {
            exponent += 1
            scaled = Self.scale(size, by: 8 - exponent)
        }
        let whole = UInt64(scaled)
        let fraction = scaled - Double(whole)
        // Two roundings put `scaled` at most 2^-22 off.
        guard (fraction - 0.5).magnitude > 0x1p-20 else { return nil }
        self.init(rounded: whole + (fraction > 0.5 ? 1 : 0), count: 9, exponent: exponent)
    }

    /// `size` (above zero) rounded to 17 digits, exactly and halves to even as printf does; `nil` where 128 bits do not
    /// hold it.
    init?(seventeenDigitsOf size: Double) {
        let exponent = Self.estimatedExponent(size)
        guard let digits = Self.scaledExactly(size, by: 16 - exponent) else { return nil }
        if digits < 100_000_000_000_000_000 {
            self.init(rounded: digits, count: 17, exponent: exponent)
        } else {
            guard let digits = Self.scaledExactly(size, by: 15 - exponent) else { return nil }
            self.init(rounded: digits, count: 17, exponent: exponent + 1)
        }
    }

    /// - Parameter digits: may have become the next power of ten by rounding.
    private init(rounded digits: UInt64, count: Int, exponent: Int) {
        let limit = PowersOfTen.integers[count]
        self.digits = digits == limit ? limit / 10 : digits
        self.exponent = digits == limit ? exponent + 1 : exponent
        self.count = count
    }

    /// Nine digits rounded again to six. Wrong where the nine were a rounded-up half, which six digits cannot express
    /// anyway.
    var sixDigits: Decimal { Decimal(rounded: (digits + 500) / 1000, count: 6, exponent: exponent) }

    /// The nearest double, when one exact operation gives it.
    var double: Double? {
        let power = exponent - (count - 1)
        guard power >= -22, power <= 22 else { return nil }
        return PowersOfTen.scale(Double(digits), by: power)
    }

    /// The power of ten of the first digit of `size`, or one less.
    @inline(__always)
    private static func estimatedExponent(_ size: Double) -> Int {
        let power = Int(size.bitPattern >> 52) - 1023
        return (power * 78_913) >> 18  // log10(2)
    }

    /// `size` times 10^`power`, in at most two roundings; `power` in -44...44.
    @inline(__always)
    private static func scale(_ size: Double, by power: Int) -> Double {
        let powers = PowersOfTen.doubles
        switch power {
        case 0...22: return size * powers[power]
        case 23...: return size * powers[22] * powers[power - 22]
        case -22 ... -1: return size / powers[-power]
        default: return size / powers[22] / powers[-power - 22]
        }
    }

    private static func scaledExactly(_ size: Double, by power: Int) -> UInt64? {
        guard power >= -22, power <= 22, size.isNormal else { return nil }
        let shift = Int(size.bitPattern >> 52) - 1075
        let mantissa = UInt128(size.bitPattern & 0xF_FFFF_FFFF_FFFF | 1 << 52)
        var factor: UInt128 = 1
        for _ in 0..<abs(power) { factor *= 10 }
        if power >= 0 {
            let product = mantissa * factor
            guard shift < 0 else { return UInt64(truncatingIfNeeded: product << UInt128(shift)) }
            let part = product & (1 << UInt128(-shift) - 1)
            return rounded(product >> UInt128(-shift), rest: part, of: 1 << UInt128(-shift))
        }
        guard shift <= 75 else { return nil }
        let whole = shift >= 0 ? mantissa << UInt128(shift) : mantissa >> UInt128(-shift)
        let (quotient, rest) = whole.quotientAndRemainder(dividingBy: factor)
        return rounded(quotient, rest: rest, of: factor)
    }

    private static func rounded(_ value: UInt128, rest: UInt128, of unit: UInt128) -> UInt64 {
        let isUp = rest > unit / 2 || (rest == unit / 2 && rest * 2 == unit && value & 1 == 1)
        return UInt64(truncatingIfNeeded: value) + (isUp ? 1 : 0)
    }

    /// Writes the number as `%g` lays it out, with `.0` where it would look like an integer.
    @inline(__always)
    func write(to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        // Behind everything written before the last digit is taken from there.
        let source = target + 24
        IntegerWriter.write(digits, count: count, to: source)
        var length = count
        while length > 1, source[length - 1] == UInt8(ascii: "0") { length -= 1 }
        if exponent < -4 || exponent >= count { return writeScientific(source, length, to: target) }
        var next = target
        if exponent < 0 {
            next[0] = UInt8(ascii: "0")
            next[1] = UInt8(ascii: ".")
            next += 2
            for _ in exponent + 1..<0 {
                next[0] = UInt8(ascii: "0")
                next += 1
            }
            for index in 0..<length { next[index] = source[index] }
            return next + length
        }
        // Trailing zeros in front of the point are still there.
        for index in 0...exponent { next[index] = source[index] }
        next += exponent + 1
        next[0] = UInt8(ascii: ".")
        next += 1
        guard length > exponent + 1 else {
            next[0] = UInt8(ascii: "0")
            return next + 1
        }
        for index in exponent + 1..<length {
            next[0] = source[index]
            next += 1
        }
        return next
    }

    private func writeScientific(
        _ source: UnsafeMutablePointer<UInt8>,
        _ length: Int,
        to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var next = target
        next[0] = source[0]
        next += 1
        if length > 1 {
            next[0] = UInt8(ascii: ".")
            for index in 1..<length { next[index] = source[index] }
            next += length
        }
        next[0] = UInt8(ascii: "e")
        next[1] = exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
        next += 2
        if exponent.magnitude < 10 {
            next[0] = UInt8(ascii: "0")
            next += 1
        }
        return IntegerWriter.write(UInt64(exponent.magnitude), to: next)
    }
}
