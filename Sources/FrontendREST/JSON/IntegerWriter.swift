/// Writes integers as text.
enum IntegerWriter {
    /// Room that `write` needs: 20 digits, or 19 and a sign, and some to write whole words.
    static let maximumLength = 28

    /// Writes `value` at `target`; returns the end of the text.
    @inline(__always)
    static func write(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard value < 100_000_000 else { return writeLong(value, to: target) }
        let digits = EightDigits(UInt32(truncatingIfNeeded: value))
        // The last digit is there also when it is 0.
        let zeros = min(digits.leadingZeroCount, 7)
        digits.write(from: zeros, to: target)
        return target + (8 - zeros)
    }

    @inline(__always)
    static func write(_ value: Int64, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        target[0] = UInt8(ascii: "-")
        return write(value.magnitude, to: target + (value < 0 ? 1 : 0))
    }

    @inline(never)
    private static func writeLong(
        _ value: UInt64,
        to target: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let (front, back) = value.quotientAndRemainder(dividingBy: 100_000_000)
        let end = write(front, to: target)
        EightDigits(UInt32(truncatingIfNeeded: back)).write(to: end)
        return end + 8
    }
}
