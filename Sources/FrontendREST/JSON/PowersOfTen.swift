/// Powers of ten that a double holds exactly.
enum PowersOfTen {
    /// 10^0 ... 10^22. Never freed: constant data that hot loops read without a reference count.
    nonisolated(unsafe) static let doubles: UnsafePointer<Double> = {
        let table = UnsafeMutablePointer<Double>.allocate(capacity: 23)
        var value = 1.0
        for exponent in 0...22 {
            table[exponent] = value
            value *= 10
        }
        return UnsafePointer(table)
    }()

    /// `value` times 10^`exponent`, `exponent` in -22...22: exact input gives the correctly rounded product.
    @inline(__always)
    static func scale(_ value: Double, by exponent: Int) -> Double {
        exponent < 0 ? value / doubles[-exponent] : value * doubles[exponent]
    }
}
