/// Rows that tables with `skip_zero_embedding` do not keep: their ids are looked up as zeros anyway.
enum ZeroRow {
    /// The square of the length below which a row is one of zeros: less than a float32 can tell from one.
    private static let threshold = Float.ulpOfOne * Float.ulpOfOne

    static func isZero(_ row: some Sequence<Float>) -> Bool {
        var square: Float = 0
        for number in row { square += number * number }
        // Not so for what is no number.
        return square < threshold
    }
}
