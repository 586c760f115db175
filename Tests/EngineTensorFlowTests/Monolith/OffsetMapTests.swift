import Testing

@testable import EngineTensorFlow

@Suite struct OffsetMapTests {
    @Test func `rows go to all the places of their keys`() throws {
        let result = try scatter(
            values: (0..<12).map(Float.init),
            positions: [0, 1, 2, 3, 4],
            splits: [0, 0, 3, 5, 5]
        )
        #expect(result == [0, 1, 2, 3, 4, 5, 2, 3, 0, 1, 6, 7, 8, 9, 10, 11, 6, 7, 8])
    }

    @Test func `rows of another shard leave the rest alone`() throws {
        let result = try scatter(values: [7, 8, 9, 9, 9], positions: [2, 4], splits: [0, 0, 1, 2, 2])
        #expect(result == [0, 0, 0, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 0, 0, 0])
    }

    @Test(
        arguments: [
            (
                10, [0, 1, 2, 3, 4], [0, 0, 3, 5, 5],
                "value has 10 floats; 12 are expected for the 5 rows of 4 tables (pos_split [0, 0, 3, 5, 5], dims "
                    + "[1, 2, 3, 4]): the shard's tables have other widths than the graph"
            ),
            (2, [5], [0, 0, 1, 1, 1], "pos has 5 at 0; a place among the 5 unique keys is expected"),
            (2, [-1], [0, 0, 1, 1, 1], "pos has -1 at 0; a place among the 5 unique keys is expected"),
            (2, [0], [0, 1], "pos_split has 2 elements; 5 are expected, one more than there are rows"),
            (2, [0], [0, 0, 2, 2, 2], "pos_split ends with 2; 1 is expected, as many as there are values"),
            // A row of the second table, whose key is one of the third: it would be written beyond the end.
            (4, [4], [0, 0, 0, 0, 1], nil),
        ] as [(Int, [Int64], [Int64], String?)]
    )
    func `what does not fit together is refused`(
        values: Int,
        positions: [Int64],
        splits: [Int64],
        reason: String?
    ) throws {
        let values = [Float](repeating: 1, count: values)
        guard let reason else {
            #expect(try scatter(values: values, positions: positions, splits: splits)[13..<17] == [1, 1, 1, 1])
            return
        }
        let defect = #expect(throws: ArgumentDefect.self) {
            try scatter(values: values, positions: positions, splits: splits)
        }
        #expect(defect?.reason == reason)
    }

    @Test(
        arguments: [
            ([0, 8], [0, 2], "value_offset_map has 8 at 1, where 2 floats go; the buffer has 8"),
            ([0, -1], [0, 2], "value_offset_map has -1 at 1, where 2 floats go; the buffer has 8"),
            ([0, .max], [0, 2], "value_offset_map has 9223372036854775807 at 1, where 2 floats go; the buffer has 8"),
            ([0, 2], [0, 3], "value_offset_map_split ends with 3; 2 is expected, as many as there are values"),
            ([0, 2], [], "value_offset_map_split has no elements; at least 1 is expected"),
        ] as [([Int64], [Int64], String)]
    )
    func `a map that leads elsewhere is refused`(offsets: [Int64], splits: [Int64], reason: String) {
        let defect = #expect(throws: ArgumentDefect.self) {
            try scatter([1, 1], [0], [0, 1], offsets, splits, [2], bufferCount: 8)
        }
        #expect(defect?.reason == reason)
    }

    /// Into the buffer of the keys [[], [0, 1, 2, 1, 0], [0, 1, 0], []] of tables 1, 2, 3 and 4 wide.
    private func scatter(values: [Float], positions: [Int64], splits: [Int64]) throws -> [Float] {
        try scatter(
            values,
            positions,
            splits,
            [0, 8, 2, 6, 4, 10, 16, 13],
            [0, 2, 4, 5, 7, 8],
            [1, 2, 3, 4],
            bufferCount: 19
        )
    }

    private func scatter(
        _ values: [Float],
        _ positions: [Int64],
        _ positionSplits: [Int64],
        _ offsets: [Int64],
        _ splits: [Int64],
        _ dimensions: [Int],
        bufferCount: Int
    ) throws -> [Float] {
        var buffer = [Float](repeating: 0, count: bufferCount)
        try buffer.withUnsafeMutableBufferPointer { buffer in
            try offsets.withUnsafeBufferPointer { offsets in
                try splits.withUnsafeBufferPointer { splits in
                    let map = OffsetMap(offsets: offsets, splits: splits, dimensions: dimensions)
                    try values.withUnsafeBufferPointer { values in
                        try positions.withUnsafeBufferPointer { positions in
                            try positionSplits.withUnsafeBufferPointer {
                                try map.scatter(values, positions, $0, into: buffer)
                            }
                        }
                    }
                }
            }
        }
        return buffer
    }
}
