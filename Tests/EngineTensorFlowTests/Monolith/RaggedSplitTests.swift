import Testing

@testable import EngineTensorFlow

@Suite struct RaggedSplitTests {
    @Test func `each shard gets its numbers in the same rows`() throws {
        let split = try split([4, 3, 2, 1], [0, 0, 0, 3, 4, 4, 4], by: [0, 1, 0, 1], shards: 2)
        #expect(split.numbers == [[4, 2], [3, 1]])
        #expect(split.splits == [[0, 0, 0, 2, 2, 2, 2], [0, 0, 0, 1, 2, 2, 2]])
        #expect(split.positions == [[0, 2], [1, 3]])
    }

    @Test func `a shard that gets nothing has empty rows`() throws {
        let split = try split([5], [0, 1], by: [1], shards: 3)
        #expect(split.numbers == [[], [5], []])
        #expect(split.splits == [[0, 0], [0, 1], [0, 0]])
        #expect(split.positions == [[], [0], []])
    }

    @Test(
        arguments: [
            ([4, 3], [0, 2], [0], "num has 2 elements; 1 are expected, as indices has"),
            ([4], [0, 1], [2], "indices has 2 at 0; 0 to 1 is expected"),
            ([4], [0, 1], [-1], "indices has -1 at 0; 0 to 1 is expected"),
            ([4], [0, 1], [.min], "indices has -9223372036854775808 at 0; 0 to 1 is expected"),
            ([4], [0, 2], [1], "num_split ends with 2; 1 is expected, as many as there are values"),
            ([4], [], [1], "num_split has no elements; at least 1 is expected"),
            ([4], [0, 5, 1], [1], "num_split goes from 5 to 1 at 2; it must not fall"),
        ] as [([Int64], [Int64], [Int64], String)]
    )
    func `what does not fit together is refused`(
        numbers: [Int64],
        splits: [Int64],
        indices: [Int64],
        reason: String
    ) throws {
        let defect = #expect(throws: ArgumentDefect.self) { try split(numbers, splits, by: indices, shards: 2) }
        #expect(defect?.reason == reason)
    }

    private func split(
        _ numbers: [Int64],
        _ splits: [Int64],
        by indices: [Int64],
        shards: Int
    ) throws -> RaggedSplit {
        try numbers.withUnsafeBufferPointer { numbers in
            try splits.withUnsafeBufferPointer { splits in
                try indices.withUnsafeBufferPointer { try RaggedSplit(of: numbers, splits, by: $0, shards: shards) }
            }
        }
    }
}
