import Testing

@testable import EngineTensorFlow

/// Golden values are those of Monolith's own tests.
@Suite struct UniqueKeysTests {
    @Test func `keys are unique in each table, with the places of their values`() throws {
        let unique = try unique([0, 1, 2, 1, 0, 0, 1, 0], [0, 0, 5, 8, 8], [1, 2, 3, 4])
        #expect(unique.keys == [0, 1, 2, 0, 1])
        #expect(unique.splits == [0, 0, 3, 5, 5])
        #expect(unique.offsets == [0, 8, 2, 6, 4, 10, 16, 13])
        #expect(unique.offsetSplits == [0, 2, 4, 5, 7, 8])
        #expect(unique.valueCount == 19)
    }

    @Test func `tables without keys have none`() throws {
        let unique = try unique([], [0, 0, 0, 0], [1, 2, 3])
        #expect(unique.keys == [])
        #expect(unique.splits == [0, 0, 0, 0])
        #expect(unique.offsets == [])
        #expect(unique.offsetSplits == [0])
        #expect(unique.valueCount == 0)
    }

    @Test func `no table at all is fine`() throws {
        let unique = try unique([], [0], [])
        #expect(unique.splits == [0])
        #expect(unique.offsetSplits == [0])
    }

    @Test func `many keys agree with a dictionary`() throws {
        var generator = SplitMix(state: 7)
        let key: [Int64] = (0..<20_000).map { _ in
            Int64(bitPattern: UInt64.random(in: 0..<3_000, using: &generator) &* 0x9E37_79B9_7F4A_7C15)
        }
        let unique = try unique(key, [0, 5_000, 5_000, 20_000], [3, 1, 2])
        var expected: [Int64] = []
        for range in [0..<5_000, 5_000..<20_000] {
            var seen: Set<Int64> = []
            expected += key[range].filter { seen.insert($0).inserted }
        }
        #expect(unique.keys == expected)
        let first: [Int64] = (0..<5_000).map { $0 * 3 }
        let last: [Int64] = (0..<15_000).map { 15_000 + $0 * 2 }
        #expect(unique.offsets.sorted() == first + last)
        #expect(unique.offsetSplits.last == 20_000)
        #expect(unique.valueCount == 45_000)
    }

    @Test(
        arguments: [
            ([1, 2], [0, 2, 2], [4], "key_split has 3 elements; 2 are expected, one more than there are rows"),
            ([1, 2], [], [4], "key_split has 0 elements; 2 are expected, one more than there are rows"),
            ([1, 2], [1, 2], [4], "key_split begins with 1; 0 is expected"),
            ([1, 2], [0, 3], [4], "key_split ends with 3; 2 is expected, as many as there are values"),
            ([1, 2], [0, 1], [4], "key_split ends with 1; 2 is expected, as many as there are values"),
            ([1, 2], [0, 3, 2], [4, 4], "key_split goes from 3 to 2 at 2; it must not fall"),
            ([1, 2], [0, -1, 2], [4, 4], "key_split goes from 0 to -1 at 1; it must not fall"),
            ([1, 2], [0, 2], [.max], "the values of 2 keys do not fit in memory"),
        ] as [([Int64], [Int64], [Int], String)]
    )
    func `what does not fit together is refused`(key: [Int64], splits: [Int64], dims: [Int], reason: String) throws {
        let defect = #expect(throws: ArgumentDefect.self) { try unique(key, splits, dims) }
        #expect(defect?.reason == reason)
    }

    private func unique(_ key: [Int64], _ splits: [Int64], _ dims: [Int]) throws -> UniqueKeys {
        try key.withUnsafeBufferPointer { key in
            try splits.withUnsafeBufferPointer { try UniqueKeys(of: key, $0, dimensions: dims) }
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
