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
        guard key.count <= Int32.max else { throw ArgumentDefect("key has \(key.count) elements; that is too many") }
        // Which of `keys` each element of `key` is.
        var places = [Int32](repeating: 0, count: key.count)
        keys.reserveCapacity(key.count)
        splits.reserveCapacity(keySplits.count)
        splits.append(0)
        for table in dimensions.indices {
            let range = Int(keySplits[table])..<Int(keySplits[table + 1])
            addKeys(UnsafeBufferPointer(rebasing: key[range]), range.lowerBound, &places)
            splits.append(Int64(keys.count))
        }
        try placeValues(places, keySplits, dimensions)
    }

    /// Open addressing: keys come from clients, who must not be able to choose such that all fall together.
    private mutating func addKeys(_ table: UnsafeBufferPointer<Int64>, _ offset: Int, _ places: inout [Int32]) {
        guard !table.isEmpty else { return }
        let bits = Int.bitWidth - (table.count * 2 - 1).leadingZeroBitCount
        var slots = [Int32](repeating: -1, count: 1 << bits)
        let mask = slots.count - 1
        for index in table.indices {
            let key = table[index]
            var slot = Self.hash(key) & mask
            while slots[slot] >= 0, keys[Int(slots[slot])] != key { slot = (slot + 1) & mask }
            if slots[slot] < 0 {
                slots[slot] = Int32(keys.count)
                keys.append(key)
            }
            places[offset + index] = slots[slot]
        }
    }

    private static let seed = UInt64.random(in: .min ... .max)

    private static func hash(_ key: Int64) -> Int {
        // The finaliser of MurmurHash3, over a key that nobody outside knows.
        var value = UInt64(bitPattern: key) ^ seed
        value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return Int(truncatingIfNeeded: value ^ value >> 33)
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
