/// Writes integers as text.
enum IntegerWriter {
    /// Bytes of the longest 64-bit integer, sign included.
    static let maximumLength = 20

    /// Writes `value` at `target`; returns the end of the text.
    @inline(__always)
    static func write(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        let count = digitCount(value)
        write(value, count: count, to: target)
        return target + count
    }

    @inline(__always)
    static func write(_ value: Int64, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard value < 0 else { return write(UInt64(value), to: target) }
        target[0] = UInt8(ascii: "-")
        return write(value.magnitude, to: target + 1)
    }

    /// Writes exactly `count` digits, zeros in front.
    @inline(__always)
    static func write(_ value: UInt64, count: Int, to target: UnsafeMutablePointer<UInt8>) {
        var rest = value
        var place = count
        while place > 0 {
            place -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            target[place] = UInt8(truncatingIfNeeded: digit) &+ 0x30
            rest = quotient
        }
    }

    @inline(__always)
    private static func digitCount(_ value: UInt64) -> Int {
        let estimate = ((64 - (value | 1).leadingZeroBitCount) * 1233) >> 12
        return estimate + ((value | 1) >= PowersOfTen.integers[estimate] ? 1 : 0)
    }
}
