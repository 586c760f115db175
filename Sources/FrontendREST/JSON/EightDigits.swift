/// The text of a number with eight decimal digits, in one word.
struct EightDigits {
    /// ASCII, the first digit in the lowest byte.
    let word: UInt64

    /// - Parameter number: below 10^8; zeros go in front.
    @inline(__always)
    init(_ number: UInt32) {
        // Halves, then quarters, then single digits, all of one size at once; a multiplication and a shift divide.
        let high = UInt64(number / 10_000)
        let halves = high | (UInt64(number) &- high &* 10_000) << 32
        let hundreds = ((halves &* 10_486) >> 20) & 0x0000_007F_0000_007F
        let quarters = hundreds | (halves &- hundreds &* 100) << 16
        let tens = ((quarters &* 103) >> 10) & 0x000F_000F_000F_000F
        word = (tens | (quarters &- tens &* 10) << 8) | 0x3030_3030_3030_3030
    }

    /// How many zeros it begins with.
    @inline(__always)
    var leadingZeroCount: Int { (word ^ 0x3030_3030_3030_3030).trailingZeroBitCount >> 3 }

    /// How many zeros it ends in.
    @inline(__always)
    var trailingZeroCount: Int { (word ^ 0x3030_3030_3030_3030).leadingZeroBitCount >> 3 }

    /// Writes the digits from number `first` (0...7) on, and whatever bytes behind them: eight in all.
    @inline(__always)
    func write(from first: Int = 0, to target: UnsafeMutablePointer<UInt8>) {
        let rest = word &>> UInt64(truncatingIfNeeded: 8 &* first)
        UnsafeMutableRawPointer(target).storeBytes(of: rest.littleEndian, as: UInt64.self)
    }
}
