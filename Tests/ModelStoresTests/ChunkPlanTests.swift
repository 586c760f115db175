import Testing

@testable import ModelStores

@Suite struct ChunkPlanTests {
    private static func next(_ plan: inout ChunkPlan) throws -> ChunkPlan.Chunk {
        let chunk = plan.next()
        return try #require(chunk)
    }

    private static func ranges(_ plan: ChunkPlan) -> [[Int64?]] {
        var plan = plan
        var result: [[Int64?]] = []
        while let chunk = plan.next() {
            result.append([Int64(chunk.file), chunk.range?.lowerBound, chunk.range?.upperBound])
        }
        return result
    }

    @Test(
        arguments: [
            ([10], [:], [[0, 0, 3], [0, 4, 7], [0, 8, 9]]),
            ([4, 0, 5], [:], [[0, 0, 3], [2, 0, 3], [2, 4, 4]]),
            ([nil, 1], [:], [[0, nil, nil], [1, 0, 0]]),
            ([10], [0: [0, 2]], [[0, 4, 7]]),
            ([8, 3], [0: [0, 1]], [[1, 0, 2]]),
        ] as [([Int64?], [Int: Set<Int>], [[Int64?]])]
    )
    func `what is missing is asked for in parts, in order`(
        sizes: [Int64?],
        present: [Int: Set<Int>],
        ranges: [[Int64?]]
    ) {
        #expect(Self.ranges(ChunkPlan(sizes: sizes, present: present, chunkSize: 4)) == ranges)
    }

    @Test func `files of which nothing is missing are told`() {
        let plan = ChunkPlan(sizes: [4, 0, 8], present: [0: [0], 2: [0]], chunkSize: 4)
        #expect(plan.wholeFiles == [0, 1])
    }

    @Test func `a file is whole with its last part`() throws {
        var plan = ChunkPlan(sizes: [8], chunkSize: 4)
        let first = try Self.next(&plan)
        let second = try Self.next(&plan)
        #expect(plan.next() == nil)
        #expect(plan.succeeded(second) == .goOn)
        #expect(plan.succeeded(first) == .fileIsWhole)
    }

    @Test func `a part that fails comes back after longer and longer pauses, and not for ever`() {
        var plan = ChunkPlan(sizes: [4], chunkSize: 4)
        var pauses: [Int64] = []
        while let chunk = plan.next() {
            guard case .waitAndGoOn(let pause) = plan.failed(chunk, isTransient: true) else { break }
            pauses.append(pause / 1_000_000)
        }
        #expect(pauses == [500, 1000, 2000, 4000])
        #expect(plan.next() == nil)
    }

    @Test func `what cannot become better is given up at once`() throws {
        var plan = ChunkPlan(sizes: [4], chunkSize: 4)
        let chunk = try Self.next(&plan)
        #expect(plan.failed(chunk, isTransient: false) == .giveUp)
    }

    @Test func `of a server without ranges the whole file is taken once`() throws {
        var plan = ChunkPlan(sizes: [12, 4], chunkSize: 4)
        let first = try Self.next(&plan)
        let second = try Self.next(&plan)
        plan.hasNoRanges(first)
        plan.hasNoRanges(second)
        #expect(Self.ranges(plan) == [[0, nil, nil], [1, 0, 3]])
        // What was under way counts no more.
        #expect(plan.succeeded(second) == .goOn)
        let whole = try Self.next(&plan)
        #expect(plan.succeeded(whole) == .fileIsWhole)
    }

    @Test(arguments: [(0, 0), (1, 500), (2, 1_000), (7, 32_000), (8, 60_000), (100, 60_000)] as [(Int, Int64)])
    func `pauses double up to a minute`(failures: Int, milliseconds: Int64) {
        #expect(Backoff.delay(failures: failures) == milliseconds * 1_000_000)
        #expect(Backoff.delay(failures: failures, spread: 1) == milliseconds * 750_000)
    }
}
