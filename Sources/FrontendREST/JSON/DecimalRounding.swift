/// Decimals of at most 64 bits to the nearest double.
enum DecimalRounding {
    /// `mantissa` times 10^`exponent`, rounded to the nearest double and halves to even; `nil` when that takes more
    /// than a multiplication to tell.
    @inline(__always)
    static func double(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        // One operation on two exact numbers is rounded correctly (Clinger).
        if mantissa < 1 << 53 {
            let whole = Double(Int64(bitPattern: mantissa))
            if exponent <= 0, exponent >= -22 { return whole / PowersOfTen.doubles[-exponent] }
            if exponent > 0, exponent <= 22 { return whole * PowersOfTen.doubles[exponent] }
        }
        return product(mantissa, exponent)
    }

    /// Multiplies with the first 64 bits of the power (Eisel and Lemire): those cut off make the product too small by
    /// less than the mantissa, which hardly ever reaches the bit that decides.
    @inline(__always)
    private static func product(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        guard mantissa != 0, PowersOfTen.leadingBitsRange.contains(exponent) else { return nil }
        let zeros = mantissa.leadingZeroBitCount
        let (high, low) = (mantissa &<< UInt64(zeros)).multipliedFullWidth(by: PowersOfTen.leadingBits(exponent))
        // The product has 128 or 127 bits; the first 53 stay.
        let isLong = high >> 63
        let dropped = 10 &+ isLong
        let rest = high & ((1 &<< dropped) &- 1)
        let half: UInt64 = 1 &<< (dropped &- 1)
        guard rest &+ 1 != half, rest != half || low != 0 else { return nil }
        let rounded = (high &>> dropped) &+ (rest >= half ? 1 : 0)
        // 217706 / 2^16 is log2(10), close enough for this range. A mantissa rounded up to 2^53 carries over.
        let power = (exponent &* 217_706) >> 16
        let biased = UInt64(bitPattern: Int64(power &- zeros &+ 1086)) &+ isLong
        return Double(bitPattern: (biased &<< 52) &+ (rounded &- (1 &<< 52)))
    }
}
