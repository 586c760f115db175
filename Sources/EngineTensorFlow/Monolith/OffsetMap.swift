/// Where the values of each of a set of unique keys go in one vector, as `UniqueKeys` found.
struct OffsetMap {
    /// Offsets of all keys, key after key.
    let offsets: UnsafeBufferPointer<Int64>
    /// Rows of `offsets`: one for each key.
    let splits: UnsafeBufferPointer<Int64>
    /// Width of the rows of each table.
    let dimensions: [Int]

    /// Copies the rows that a shard gave to every place where they belong.
    ///
    /// - Parameters:
    ///   - values: rows, table after table.
    ///   - positions: which unique key each row is of.
    ///   - positionSplits: where the positions of each table begin and end.
    ///   - buffer: where the rows go.
    func scatter(
        _ values: UnsafeBufferPointer<Float>,
        _ positions: UnsafeBufferPointer<Int64>,
        _ positionSplits: UnsafeBufferPointer<Int64>,
        into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(ArgumentDefect) {
        try check(values, positions, positionSplits)
        var source = 0
        for table in dimensions.indices {
            let width = dimensions[table]
            for index in Int(positionSplits[table])..<Int(positionSplits[table + 1]) {
                let key = Int(positions[index])
                for place in Int(splits[key])..<Int(splits[key + 1]) {
                    let target = Int(offsets[place])
                    guard target >= 0, target <= buffer.count - width else {
                        throw ArgumentDefect(
                            "value_offset_map has \(target) at \(place), where \(width) floats go; the buffer "
                                + "has \(buffer.count)"
                        )
                    }
                    for column in 0..<width { buffer[target + column] = values[source + column] }
                }
                source += width
            }
        }
    }

    /// All but the offsets.
    private func check(
        _ values: UnsafeBufferPointer<Float>,
        _ positions: UnsafeBufferPointer<Int64>,
        _ positionSplits: UnsafeBufferPointer<Int64>
    ) throws(ArgumentDefect) {
        try RowSplits.check(positionSplits, "pos_split", rows: dimensions.count, valueCount: positions.count)
        try RowSplits.check(splits, "value_offset_map_split", valueCount: offsets.count)
        let keyCount = splits.count - 1
        for index in positions.indices where positions[index] < 0 || positions[index] >= keyCount {
            throw ArgumentDefect(
                "pos has \(positions[index]) at \(index); a place among the \(keyCount) unique keys is expected"
            )
        }
        var expected = 0
        for table in dimensions.indices {
            let rows = Int(positionSplits[table + 1] - positionSplits[table])
            let (count, overflow) = rows.multipliedReportingOverflow(by: dimensions[table])
            expected = overflow ? .max : expected &+ count
            guard !overflow, expected >= 0 else { throw ArgumentDefect("pos_split asks for too many rows") }
        }
        guard expected == values.count else {
            throw ArgumentDefect(
                "value has \(values.count) floats; \(expected) are expected for the \(positions.count) rows "
                    + "of \(dimensions.count) tables (pos_split \(Array(positionSplits.prefix(16))), dims "
                    + "\(dimensions.prefix(16))): the shard's tables have other widths than the graph"
            )
        }
    }
}
