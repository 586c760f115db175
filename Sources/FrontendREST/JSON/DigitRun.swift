/// The decimal digits at the start of eight bytes.
///
/// Without a branch that depends on how many there are: numbers differ in length, and a wrong guess costs more than
/// all of this.
struct DigitRun {
    /// 0...8.
    let count: Int
    /// What the digits say as a number; 0 when there is none.
    let value: UInt64

    /// - Parameter text: eight bytes must be readable.
    @inline(__always)
    init(_ text: UnsafePointer<UInt8>) {
        // Digits become 0...9, and no other byte does. Adding 0x76 takes all above 9 to the highest bit, or they have
        // it; a carry only disturbs what comes behind them.
        let digits = UnsafeRawPointer(text).loadUnaligned(as: UInt64.self).littleEndian ^ 0x3030_3030_3030_3030
        let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
        count = others.trailingZeroBitCount >> 3
        // What follows the digits is shifted out, in two steps because one could be by all 64 bits.
        let shift = UInt64(truncatingIfNeeded: 32 &- 4 &* count)
        value = Self.number((digits &<< shift) &<< shift)
    }

    private init(count: Int, value: UInt64) {
        self.count = count
        self.value = value
    }

    /// These digits where `condition` holds, else none.
    @inline(__always)
    func when(_ condition: Bool) -> DigitRun {
        let mask: UInt64 = condition ? .max : 0
        return DigitRun(count: count & Int(bitPattern: UInt(mask)), value: value & mask)
    }

    /// The number of eight digits, the first in the lowest byte: pairs of digits, then pairs of pairs, by two
    /// multiplications.
    @inline(__always)
    private static func number(_ digits: UInt64) -> UInt64 {
        let pairs = digits &* 10 &+ (digits >> 8)
        let mask: UInt64 = 0x0000_00FF_0000_00FF
        let high = (pairs & mask) &* 0x000F_4240_0000_0064
        let low = ((pairs >> 16) & mask) &* 0x0000_2710_0000_0001
        return (high &+ low) >> 32
    }
}
