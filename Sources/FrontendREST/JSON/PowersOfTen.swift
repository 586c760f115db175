/// Powers of ten in the forms that reading and writing numbers needs.
///
/// Tables are never freed: constant data that hot loops read without a reference count.
enum PowersOfTen {
    /// 10^0 ... 10^22, which a double holds exactly.
    nonisolated(unsafe) static let doubles: UnsafePointer<Double> = {
        let table = UnsafeMutablePointer<Double>.allocate(capacity: 23)
        var value = 1.0
        for exponent in 0...22 {
            table[exponent] = value
            value *= 10
        }
        return UnsafePointer(table)
    }()

    /// 10^0 ... 10^19.
    nonisolated(unsafe) static let integers: UnsafePointer<UInt64> = {
        let table = UnsafeMutablePointer<UInt64>.allocate(capacity: 20)
        var value: UInt64 = 1
        for exponent in 0..<20 {
            table[exponent] = value
            value = value &* 10
        }
        return UnsafePointer(table)
    }()

    /// What `leadingBits` has: powers whose fives, or their reciprocal, take at most 126 bits.
    static let leadingBitsRange = -54...54

    /// Element `e`, in `leadingBitsRange`, is the first 64 bits of 10^e: above or equal 2^63, rounded down.
    nonisolated(unsafe) static let leadingBits: UnsafePointer<UInt64> = {
        let zero = -leadingBitsRange.lowerBound
        let table = UnsafeMutablePointer<UInt64>.allocate(capacity: leadingBitsRange.count)
        var fives: UInt128 = 1
        for exponent in 0...leadingBitsRange.upperBound {
            let aligned = fives << UInt128(fives.leadingZeroBitCount)
            table[zero + exponent] = UInt64(truncatingIfNeeded: aligned >> 64)
            table[zero - exponent] = leadingBitsOfReciprocal(fives)
            fives *= 5
        }
        return UnsafePointer(table + zero)
    }()

    /// The first 64 bits of 1 / `value`, by long division.
    private static func leadingBitsOfReciprocal(_ value: UInt128) -> UInt64 {
        // The smallest power of two that is not below the value divides to 1 or more, below 2.
        var rest: UInt128 = 1 << UInt128(127 - value.leadingZeroBitCount)
        if rest < value { rest *= 2 }
        var quotient: UInt64 = 0
        for _ in 0..<64 {
            quotient <<= 1
            if rest >= value {
                rest -= value
                quotient |= 1
            }
            rest *= 2
        }
        return quotient
    }

    /// `value` times 10^`exponent`, `exponent` in -22...22: exact input gives the correctly rounded product.
    @inline(__always)
    static func scale(_ value: Double, by exponent: Int) -> Double {
        exponent < 0 ? value / doubles[-exponent] : value * doubles[exponent]
    }
}
