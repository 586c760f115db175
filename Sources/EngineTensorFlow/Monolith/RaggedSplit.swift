/// Numbers in rows, dealt out to several shards, each with the same rows.
struct RaggedSplit {
    /// By shard.
    private(set) var numbers: [[Int64]]
    /// By shard, where its part of each row begins and ends.
    private(set) var splits: [[Int64]]
    /// By shard, where each of its numbers was.
    private(set) var positions: [[Int64]]

    /// - Parameters:
    ///   - indices: the shard of each number.
    ///   - splits: where each row of `numbers` begins and ends.
    init(
        of numbers: UnsafeBufferPointer<Int64>,
        _ splits: UnsafeBufferPointer<Int64>,
        by indices: UnsafeBufferPointer<Int64>,
        shards: Int
    ) throws(ArgumentDefect) {
        guard numbers.count == indices.count else {
            throw ArgumentDefect("num has \(numbers.count) elements; \(indices.count) are expected, as indices has")
        }
        try RowSplits.check(splits, "num_split", valueCount: numbers.count)
        let counts = try ShardCounts.of(indices, shards: shards)
        self.numbers = counts.map { .init(reserving: $0) }
        self.positions = counts.map { .init(reserving: $0) }
        self.splits = [[Int64]](repeating: [0], count: shards)
        for row in 0..<splits.count - 1 {
            for position in Int(splits[row])..<Int(splits[row + 1]) {
                let shard = Int(indices[position])
                self.numbers[shard].append(numbers[position])
                self.positions[shard].append(Int64(position))
            }
            for shard in 0..<shards { self.splits[shard].append(Int64(self.numbers[shard].count)) }
        }
    }
}

/// How many elements go to each shard.
enum ShardCounts {
    static func of(_ indices: UnsafeBufferPointer<Int64>, shards: Int) throws(ArgumentDefect) -> [Int] {
        var counts = [Int](repeating: 0, count: shards)
        for position in indices.indices {
            guard let shard = Int(exactly: indices[position]), counts.indices.contains(shard) else {
                throw ArgumentDefect(
                    "indices has \(indices[position]) at \(position); 0 to \(shards - 1) is expected"
                )
            }
            counts[shard] += 1
        }
        return counts
    }
}

extension [Int64] {
    fileprivate init(reserving capacity: Int) {
        self = []
        reserveCapacity(capacity)
    }
}
