/// Checks of row splits: where each row of a ragged tensor begins, and where the last one ends.
enum RowSplits {
    /// - Parameters:
    ///   - name: what the operation calls them.
    ///   - rows: how many there have to be; `nil` for any number.
    ///   - valueCount: where the last row has to end; `nil` for anywhere.
    /// - Throws: why `splits` are not the splits of rows over so many values.
    static func check(
        _ splits: UnsafeBufferPointer<Int64>,
        _ name: StaticString,
        rows: Int? = nil,
        valueCount: Int? = nil
    ) throws(ArgumentDefect) {
        if let rows, splits.count != rows + 1 {
            throw ArgumentDefect(
                "\(name) has \(splits.count) elements; \(rows + 1) are expected, one more than there are rows"
            )
        }
        guard let first = splits.first, let last = splits.last else {
            throw ArgumentDefect("\(name) has no elements; at least 1 is expected")
        }
        guard first == 0 else { throw ArgumentDefect("\(name) begins with \(first); 0 is expected") }
        for index in 1..<splits.count where splits[index] < splits[index - 1] {
            throw ArgumentDefect(
                "\(name) goes from \(splits[index - 1]) to \(splits[index]) at \(index); it must not fall"
            )
        }
        if let valueCount, last != valueCount {
            throw ArgumentDefect("\(name) ends with \(last); \(valueCount) is expected, as many as there are values")
        }
    }
}
