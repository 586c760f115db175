/// The different keys of each table, and where the values of each go in one vector that has a row for every key.
struct UniqueKeys {
    /// Table after table, each key where it came first.
    private(set) var keys: [Int64] = []
    /// Rows of `keys`: one for each table.
    private(set) var splits: [Int64] = []
    /// For each of `keys`, in order, where its values go: at least once.
    private(set) var offsets: [Int64] = []
    /// Rows of `offsets`: one for each of `keys`.
    private(set) var offsetSplits: [Int64] = []
    /// Floats of all rows together.
    private(set) var valueCount = 0

    /// - Parameters:
    ///   - key: keys of all tables, table after table.
    ///   - keySplits: where those of each table begin and end.
    ///   - dimensions: width of the rows of each table.
    init(
        of key: UnsafeBufferPointer<Int64>,
        _ keySplits: UnsafeBufferPointer<Int64>,
        dimensions: [Int]
    ) throws(ArgumentDefect) {
        try RowSplits.check(keySplits, "key_split", rows: dimensions.count, valueCount: key.count)
        guard key.count <= IDTable.maximumCapacity else {
            throw ArgumentDefect("key has \(key.count) elements; at most \(IDTable.maximumCapacity) are allowed")
        }
        // Which of `keys` each element of `key` is.
        var places: [Int32] = []
        places.reserveCapacity(key.count)
        splits.reserveCapacity(keySplits.count)
        splits.append(0)
        for table in dimensions.indices {
            let range = Int(keySplits[table])..<Int(keySplits[table + 1])
            var ids = IDTable(capacity: range.count)
            for index in range { places.append(Int32(keys.count + ids.insert(key[index]))) }
            keys += ids.ids
            splits.append(Int64(keys.count))
        }
        try placeValues(places, keySplits, dimensions)
    }

    private mutating func placeValues(
        _ places: [Int32],
        _ keySplits: UnsafeBufferPointer<Int64>,
        _ dimensions: [Int]
    ) throws(ArgumentDefect) {
        offsetSplits = [Int64](repeating: 0, count: keys.count + 1)
        for place in places { offsetSplits[Int(place) + 1] += 1 }
        for index in keys.indices { offsetSplits[index + 1] += offsetSplits[index] }
        var next = offsetSplits
        offsets = [Int64](repeating: 0, count: places.count)
        for table in dimensions.indices {
            let width = dimensions[table]
            for index in Int(keySplits[table])..<Int(keySplits[table + 1]) {
                let place = Int(places[index])
                offsets[Int(next[place])] = Int64(valueCount)
                next[place] += 1
                let (sum, overflow) = valueCount.addingReportingOverflow(width)
                guard !overflow else { throw ArgumentDefect("the values of \(places.count) keys do not fit in memory") }
                valueCount = sum
            }
        }
    }
}
