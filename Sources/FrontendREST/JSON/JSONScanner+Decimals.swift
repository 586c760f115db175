extension JSONScanner {
    /// A number in one of the spellings that clients send in bulk, at most 19 digits and a small exponent, followed by
    /// enough text to read ahead in; anything else stays where it is for `number()`.
    ///
    /// - Returns: the value, off by at most one unit in the last place when `isExact` is false.
    @inline(__always)
    static func commonDecimal(
        _ place: inout UnsafePointer<UInt8>,
        end: UnsafePointer<UInt8>,
        powers: UnsafePointer<Double>
    ) -> (value: Double, isExact: Bool)? {
        // Sign, 19 digits, point, exponent with sign and 3 digits, and a whole word read at the last digit.
        guard end - place >= 40 else { return nil }
        var next = place
        let isNegative = next[0] == UInt8(ascii: "-")
        if isNegative { next += 1 }
        var digit = UInt64(next[0] &- 0x30)
        guard digit < 10 else { return nil }
        var mantissa = digit
        next += 1
        if mantissa != 0 {
            let limit = next + 9
            digit = UInt64(next[0] &- 0x30)
            while digit < 10 {
                guard next < limit else { return nil }
                mantissa = mantissa &* 10 &+ digit
                next += 1
                digit = UInt64(next[0] &- 0x30)
            }
        }
        var exponent = 0
        if next[0] == UInt8(ascii: ".") {
            next += 1
            let fraction = next
            if let eight = eightDigits(UnsafeRawPointer(next).loadUnaligned(as: UInt64.self)) {
                mantissa = mantissa &* 100_000_000 &+ eight
                next += 8
            }
            digit = UInt64(next[0] &- 0x30)
            while digit < 10 {
                guard mantissa < 900_000_000_000_000_000 else { return nil }
                mantissa = mantissa &* 10 &+ digit
                next += 1
                digit = UInt64(next[0] &- 0x30)
            }
            exponent = fraction - next
            guard exponent < 0, exponent >= -22 else { return nil }
        } else if next[0] | 0x20 != UInt8(ascii: "e") {
            // An integer; `-0` is one and has no sign.
            guard next[0] &- 0x30 >= 10 else { return nil }
            place = next
            let value = Double(Int64(bitPattern: mantissa))
            return (isNegative && mantissa != 0 ? -value : value, true)
        }
        if next[0] | 0x20 == UInt8(ascii: "e") {
            guard let power = smallExponent(&next) else { return nil }
            exponent += power
            guard exponent >= -22, exponent <= 22 else { return nil }
        }
        place = next
        // One conversion and one operation: exact when the mantissa is, else two roundings.
        let whole = Double(Int64(bitPattern: mantissa))
        let size = exponent < 0 ? whole / powers[-exponent] : whole * powers[exponent]
        return (isNegative ? -size : size, mantissa < 1 << 53)
    }

    /// At an `e`: the exponent, when it has at most three digits.
    @inline(__always)
    private static func smallExponent(_ place: inout UnsafePointer<UInt8>) -> Int? {
        var next = place + 1
        let isNegative = next[0] == UInt8(ascii: "-")
        if isNegative || next[0] == UInt8(ascii: "+") { next += 1 }
        var digit = next[0] &- 0x30
        guard digit < 10 else { return nil }
        var value = 0
        let limit = next + 3
        while digit < 10 {
            guard next < limit else { return nil }
            value = value &* 10 &+ Int(digit)
            next += 1
            digit = next[0] &- 0x30
        }
        place = next
        return isNegative ? -value : value
    }

    /// The value of eight ASCII digits, first digit in the lowest byte; `nil` when one of them is not a digit.
    @inline(__always)
    private static func eightDigits(_ word: UInt64) -> UInt64? {
        let above = word &+ 0x4646_4646_4646_4646
        let digits = word &- 0x3030_3030_3030_3030
        guard (above | digits) & 0x8080_8080_8080_8080 == 0 else { return nil }
        // Pairs of digits, then pairs of pairs: two multiplications put all eight in place.
        let pairs = digits &* 10 &+ (digits >> 8)
        let mask: UInt64 = 0x0000_00FF_0000_00FF
        let high = (pairs & mask) &* 0x000F_4240_0000_0064
        let low = ((pairs >> 16) & mask) &* 0x0000_2710_0000_0001
        return (high &+ low) >> 32
    }
}
