#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A number as RapidJSON classifies it: by how it is spelled, not by its value (`1.0` is no integer).
enum JSONNumber: Equatable {
    case integer(Int64)
    /// An integer above `Int64.max`.
    case unsigned(UInt64)
    /// Has a fraction or an exponent, is not finite, or is an integer beyond 64 bits.
    case decimal(Double)

    var double: Double {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .decimal(let value): value
        }
    }
}

extension JSONScanner {
    /// Reads a number, or whatever else stands where only a number can.
    ///
    /// Values are rounded to the nearest double (RapidJSON's own conversion may be off in the last place). What is
    /// too big is decided by RapidJSON's rule, by the count of digits and the exponent, not by the value.
    mutating func number() throws(JSONSyntaxError) -> JSONNumber {
        let place = cursor
        let isNegative = peek() == UInt8(ascii: "-")
        if isNegative { cursor += 1 }
        var digits = DecimalDigits()
        switch peek() {
        case UInt8(ascii: "0"): cursor += 1
        case UInt8(ascii: "1")...UInt8(ascii: "9"): try integerDigits(&digits, isNegative: isNegative, from: place)
        case UInt8(ascii: "N"):
            try literal("NaN")
            return .decimal(.nan)
        case UInt8(ascii: "I"):
            try literal("Inf")
            if peek() == UInt8(ascii: "i") { try literal("inity") }
            return .decimal(isNegative ? -.infinity : .infinity)
        default: throw error(.invalidValue)
        }
        if peek() == UInt8(ascii: ".") { try fraction(&digits) }
        if peek() | 0x20 == UInt8(ascii: "e") { try exponent(&digits, from: place) }
        guard digits.isDecimal else {
            guard isNegative else {
                return digits.mantissa > Int64.max ? .unsigned(digits.mantissa) : .integer(Int64(digits.mantissa))
            }
            return .integer(Int64(truncatingIfNeeded: 0 &- digits.mantissa))
        }
        return .decimal(digits.exactValue(isNegative: isNegative) ?? rounded(from: place))
    }

    private mutating func integerDigits(
        _ digits: inout DecimalDigits,
        isNegative: Bool,
        from place: UnsafePointer<UInt8>
    ) throws(JSONSyntaxError) {
        let limit: UInt64 = isNegative ? 1 << 63 : .max
        digits.mantissa = UInt64(cursor.pointee &- 0x30)
        cursor += 1
        while peek() &- 0x30 < 10 {
            let digit = UInt64(cursor.pointee &- 0x30)
            guard digits.mantissa < limit / 10 || (digits.mantissa == limit / 10 && digit <= limit % 10) else {
                return try bigIntegerDigits(&digits, from: place)
            }
            digits.mantissa = digits.mantissa * 10 + digit
            digits.significantCount += 1
            cursor += 1
        }
    }

    /// The digits of an integer that 64 bits do not hold.
    private mutating func bigIntegerDigits(
        _ digits: inout DecimalDigits,
        from place: UnsafePointer<UInt8>
    ) throws(JSONSyntaxError) {
        digits.isDecimal = true
        digits.isTruncated = true
        var size = Double(digits.mantissa)
        while peek() &- 0x30 < 10 {
            guard size < 1.7976931348623157e307 else { throw error(.numberTooBig, at: place) }
            size = size * 10 + Double(cursor.pointee &- 0x30)
            cursor += 1
        }
    }

    private mutating func fraction(_ digits: inout DecimalDigits) throws(JSONSyntaxError) {
        cursor += 1
        guard peek() &- 0x30 < 10 else { throw error(.missingFraction) }
        digits.isDecimal = true
        while peek() &- 0x30 < 10 {
            digits.appendFraction(UInt64(cursor.pointee &- 0x30))
            cursor += 1
        }
    }

    private mutating func exponent(
        _ digits: inout DecimalDigits,
        from place: UnsafePointer<UInt8>
    ) throws(JSONSyntaxError) {
        cursor += 1
        digits.isDecimal = true
        let isNegative = peek() == UInt8(ascii: "-")
        if isNegative || peek() == UInt8(ascii: "+") { cursor += 1 }
        guard peek() &- 0x30 < 10 else { throw error(.missingExponent) }
        var value = Int(cursor.pointee &- 0x30)
        cursor += 1
        while peek() &- 0x30 < 10 {
            // Far beyond any exponent that matters; the text itself goes to strtod.
            if value < 1_000_000 { value = value * 10 + Int(cursor.pointee &- 0x30) }
            cursor += 1
            if !isNegative, value > 308 + digits.countedFraction { throw error(.numberTooBig, at: place) }
        }
        digits.exponent += isNegative ? -value : value
    }

    /// The text from `place` to the cursor as a double, by the C library, which rounds exactly.
    private func rounded(from place: UnsafePointer<UInt8>) -> Double {
        let count = cursor - place
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
            for index in 0..<count { text[index] = CChar(bitPattern: place[index]) }
            text[count] = 0
            return strtod(text.baseAddress!, nil)  // Has at least one byte.
        }
    }
}

/// The digits of a number while it is read.
private struct DecimalDigits {
    /// All digits as one integer, unless `isTruncated`.
    var mantissa: UInt64 = 0
    /// The value is `mantissa` times ten to this power.
    var exponent = 0
    var isDecimal = false
    var isTruncated = false
    /// Digits behind the first significant one, as RapidJSON counts them to limit what it takes in.
    var significantCount = 0
    /// Digits of the fraction that RapidJSON takes in; its limit of the exponent depends on it.
    var countedFraction = 0

    mutating func appendFraction(_ digit: UInt64) {
        // RapidJSON's two ways to take in a digit differ in nothing but this count.
        let isExact = !isTruncated && mantissa < 1 << 53
        if isExact || significantCount < 17 {
            countedFraction += 1
            if mantissa != 0 || digit != 0 { significantCount += 1 }
        }
        guard !isTruncated, mantissa < UInt64.max / 10 - 1 else {
            isTruncated = true
            return
        }
        mantissa = mantissa * 10 + digit
        exponent -= 1
    }

    /// The value, when a few operations give it correctly rounded.
    func exactValue(isNegative: Bool) -> Double? {
        guard !isTruncated, let size = mantissa == 0 ? 0 : DecimalRounding.double(mantissa, exponent) else {
            return nil
        }
        return isNegative ? -size : size
    }
}
