/// A decimal of a fixed number of digits, the first of them not zero.
struct PrintedDecimal {
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
        let whole = UInt64(truncatingIfNeeded: Int64(scaled))
        let fraction = scaled - Double(Int64(bitPattern: whole))
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
    @inline(__always)
    private init(rounded digits: UInt64, count: Int, exponent: Int) {
        let limit = PowersOfTen.integers[count]
        self.digits = digits == limit ? limit / 10 : digits
        self.exponent = digits == limit ? exponent + 1 : exponent
        self.count = count
    }

    /// Nine digits rounded again to six. Wrong where the nine were a rounded-up half, which six digits cannot express
    /// anyway.
    var sixDigits: PrintedDecimal { PrintedDecimal(rounded: (digits + 500) / 1000, count: 6, exponent: exponent) }

    /// The nearest double, when one exact operation gives it.
    var double: Double? {
        let power = exponent - (count - 1)
        guard power >= -22, power <= 22 else { return nil }
        return PowersOfTen.scale(Double(Int64(bitPattern: digits)), by: power)
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
        switch power {
        case 0...22: size * PowersOfTen.doubles[power]
        case 23...: size * 1e22 * PowersOfTen.doubles[power - 22]
        case -22 ... -1: size / PowersOfTen.doubles[-power]
        default: size / 1e22 / PowersOfTen.doubles[-power - 22]
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
}

// MARK: Text

extension PrintedDecimal {
    /// Writes the number as `%g` lays it out, with `.0` where it would look like an integer.
    @inline(__always)
    func write(to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        switch count {
        case 6: writeNineDigits(digits &* 1000, to: target)
        case 9: writeNineDigits(digits, to: target)
        default: writeDigits(to: target)
        }
    }

    /// - Parameter nine: the digits, with zeros behind them.
    @inline(__always)
    private func writeNineDigits(
        _ nine: UInt64,
        to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let front = nine / 100_000_000
        let first = UInt8(truncatingIfNeeded: front) | 0x30
        let others = EightDigits(UInt32(truncatingIfNeeded: nine &- front &* 100_000_000))
        let length = 9 - others.trailingZeroCount
        guard exponent >= -4, exponent < count else {
            target[0] = first
            target[1] = UInt8(ascii: ".")
            others.write(to: target + 2)
            return writeExponent(to: length > 1 ? target + length + 1 : target + 1)
        }
        guard exponent >= 0 else {
            // "0.000000" covers all zeros there may be.
            UnsafeMutableRawPointer(target).storeBytes(of: 0x3030_3030_3030_2E30, as: UInt64.self)
            let start = target + (1 - exponent)
            start[0] = first
            others.write(to: start + 1)
            return start + length
        }
        target[0] = first
        others.write(to: target + 1)
        target[exponent + 1] = UInt8(ascii: ".")
        guard exponent < 8 else {
            target[exponent + 2] = UInt8(ascii: "0")
            return target + exponent + 3
        }
        others.write(from: exponent, to: target + exponent + 2)
        // A zero stands behind the point where nothing else does.
        return target + max(length + 1, exponent + 3)
    }

    /// As above for any number of digits.
    private func writeDigits(to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        // Behind everything written before the last digit is taken from there.
        let source = target + 24
        _ = IntegerWriter.write(digits, to: source)
        var length = count
        while length > 1, source[length - 1] == UInt8(ascii: "0") { length -= 1 }
        guard exponent >= -4, exponent < count else {
            target[0] = source[0]
            target[1] = UInt8(ascii: ".")
            for index in 1..<max(length, 2) { target[index + 1] = source[index] }
            return writeExponent(to: length > 1 ? target + length + 1 : target + 1)
        }
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

    /// `e-07`: a sign and at least two digits.
    private func writeExponent(to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        target[0] = UInt8(ascii: "e")
        target[1] = exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
        target[2] = UInt8(ascii: "0")
        return IntegerWriter.write(UInt64(exponent.magnitude), to: target + (exponent.magnitude < 10 ? 3 : 2))
    }
}
