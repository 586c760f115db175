/// Reads numbers in the spellings that clients send in bulk; what it does not take is left to `JSONScanner.number()`.
enum NumberReader {
    /// Bytes that must be readable from the start of a number on: sign, seven digits, point, three words of digits,
    /// exponent.
    static let lookahead = 48

    /// A number with at most seven digits in front of the point and 19 digits that count, as the nearest double.
    ///
    /// - Returns: `nil`, with the place unchanged, for other spellings and for what is no number at all.
    @inline(__always)
    static func decimal(_ place: inout UnsafePointer<UInt8>) -> Double? {
        let isNegative = place[0] == UInt8(ascii: "-")
        var next = place + (isNegative ? 1 : 0)
        var mantissa: UInt64
        var wholeCount = 1
        if next[1] == UInt8(ascii: ".") {
            mantissa = UInt64(next[0] ^ 0x30)
            guard mantissa < 10 else { return nil }
            next += 1
        } else {
            guard let whole = wholeDigits(&next) else { return nil }
            mantissa = whole.value
            wholeCount = whole.count
        }
        var exponent = 0
        if next[0] == UInt8(ascii: ".") {
            next += 1
            guard let count = appendFraction(&next, to: &mantissa, wholeCount: wholeCount) else { return nil }
            exponent = -count
        } else if next[0] | 0x20 != UInt8(ascii: "e") {
            // `-0` is an integer and has no sign.
            place = next
            let value = Double(Int64(bitPattern: mantissa))
            return isNegative && mantissa != 0 ? -value : value
        }
        if next[0] | 0x20 == UInt8(ascii: "e") {
            guard let power = readExponent(&next) else { return nil }
            exponent &+= power
        }
        guard let size = DecimalRounding.double(mantissa, exponent) else { return nil }
        place = next
        return Double(bitPattern: size.bitPattern | (isNegative ? 1 << 63 : 0))
    }

    /// An integer of at most 15 digits.
    ///
    /// - Returns: `nil`, with the place unchanged, for anything else.
    @inline(__always)
    static func integer(_ place: inout UnsafePointer<UInt8>) -> Int64? {
        let isNegative = place[0] == UInt8(ascii: "-")
        var next = place + (isNegative ? 1 : 0)
        let start = next[0]
        var run = DigitRun(next)
        var size = run.value
        if run.count == 8 {
            guard start != UInt8(ascii: "0") else { return nil }
            next += 8
            run = DigitRun(next)
            guard run.count < 8 else { return nil }
            size = size &* PowersOfTen.integers[run.count] &+ run.value
        } else {
            guard run.count == 1 || (run.count > 1 && start != UInt8(ascii: "0")) else { return nil }
        }
        next += run.count
        guard next[0] != UInt8(ascii: "."), next[0] | 0x20 != UInt8(ascii: "e") else { return nil }
        place = next
        let value = Int64(bitPattern: size)
        return isNegative ? 0 &- value : value
    }
}

extension NumberReader {
    /// One to seven digits without a zero in front.
    @inline(__always)
    private static func wholeDigits(_ place: inout UnsafePointer<UInt8>) -> DigitRun? {
        let run = DigitRun(place)
        guard run.count < 8, run.count == 1 || (run.count > 1 && place[0] != UInt8(ascii: "0")) else { return nil }
        place += run.count
        return run
    }

    /// Behind the point: takes in up to 19 digits; returns how many.
    @inline(__always)
    private static func appendFraction(
        _ place: inout UnsafePointer<UInt8>,
        to mantissa: inout UInt64,
        wholeCount: Int
    ) -> Int? {
        let first = DigitRun(place)
        let second = DigitRun(place + 8).when(first.count == 8)
        guard first.count > 0 else { return nil }
        var count = first.count &+ second.count
        // Overflow shows in the count below, and then nothing of this is used.
        let whole = mantissa
        mantissa = mantissa &* PowersOfTen.integers[first.count] &+ first.value
        mantissa = mantissa &* PowersOfTen.integers[second.count] &+ second.value
        if second.count == 8 {
            let third = DigitRun(place + 16)
            mantissa = mantissa &* PowersOfTen.integers[third.count] &+ third.value
            count &+= third.count
        }
        guard count &+ (whole == 0 ? 0 : wholeCount) <= 19 else { return nil }
        place += count
        return count
    }

    /// At an `e`: the exponent, when it has at most three digits.
    @inline(__always)
    private static func readExponent(_ place: inout UnsafePointer<UInt8>) -> Int? {
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
}
