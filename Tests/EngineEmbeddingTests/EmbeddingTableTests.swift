import ServingPrimitives
import Synchronization
import Testing

@testable import EngineEmbedding

@Suite struct EmbeddingTableTests {
    private let folder = TemporaryFolder()

    /// What a table should hold.
    private struct Model {
        var rows: [Int64: (numbers: [Float], timestamp: UInt32)] = [:]

        mutating func expire(_ policy: ExpiryPolicy, now: UInt32) -> Int {
            let before = rows.count
            rows = rows.filter { !policy.isExpired($0.key, timestamp: $0.value.timestamp, now: now) }
            return before - rows.count
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `a table holds what a dictionary holds, whatever is done to both`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var model = Model()
        // Few ids, so that all meet all; some slots expire earlier.
        let ids = (0..<700).map { Int64($0 % 7) << 48 | Int64($0) }
        let builder = SnapshotBuilder(format: .fp32(3))
        for id in ids where Bool.random(using: &random) {
            let numbers = (0..<3).map { _ in Float.random(in: -1...1, using: &random) }
            let timestamp = UInt32.random(in: 0..<3, using: &random) * 1_000
            try builder.add(id, numbers, timestamp)
            model.rows[id] = (numbers, timestamp)
        }
        try builder.write(to: folder.file("0"))
        var table = try EmbeddingTable(Snapshot(path: folder.file("0")))
        var now: UInt32 = 5_000
        for step in 1...400 {
            now += 10
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<60: try update(&table, &model, ids, now, &random)
            case 60..<85:
                let some = (0..<Int.random(in: 1...20, using: &random)).map { _ in ids.randomElement(using: &random)! }
                let expected = Set(some).count { model.rows[$0] != nil }
                #expect(try table.remove(all: some) == expected)
                for id in some { model.rows[id] = nil }
            case 85..<92:
                let policy = ExpiryPolicy(defaultSeconds: 2_500, secondsBySlot: [3: 300, 5: 4_000])
                #expect(try table.expire(policy, now: now) == model.expire(policy, now: now))
            case 92..<96: try table.compact(to: folder.file("\(step)"))
            default:
                try table.compact(to: folder.file("\(step)"))
                table = try EmbeddingTable(Snapshot(path: folder.file("\(step)"), placement: .hugePages))
            }
            #expect(table.statistics.rows == model.rows.count, "step \(step)")
            let asked = ids.shuffled(using: &random) + [-1, .min]
            #expect(try table.rows(asked) == asked.map { model.rows[$0]?.numbers ?? [0, 0, 0] }, "step \(step)")
        }
    }

    private func update(
        _ table: inout EmbeddingTable,
        _ model: inout Model,
        _ ids: [Int64],
        _ now: UInt32,
        _ random: inout SplitMix
    ) throws {
        // Sometimes many at once, so that the index grows.
        let count = Int.random(in: 0..<10, using: &random) == 0 ? 500 : Int.random(in: 0...30, using: &random)
        let some = (0..<count).map { _ in ids.randomElement(using: &random)! }
        let numbers = (0..<count * 3).map { _ in Float.random(in: -1...1, using: &random) }
        let inserted = Set(some).count { model.rows[$0] == nil }
        let summary = try table.put(some, numbers, at: now)
        #expect(summary == UpdateSummary(changed: count - inserted, inserted: inserted, refused: 0))
        for (index, id) in some.enumerated() {
            model.rows[id] = (Array(numbers[3 * index..<3 * index + 3]), now)
        }
    }

    @Test func `an empty table gives zeros`() throws {
        let table = try EmbeddingTable(format: .fp32(2))
        #expect(try table.rows([1, 2, 3]) == [[0, 0], [0, 0], [0, 0]])
        #expect(try table.rows([]).isEmpty)
    }

    @Test(arguments: [1, 15, 16, 17, 63, 64, 65, 500, 1_000])
    func `batches of every length come in order`(count: Int) throws {
        let table = try EmbeddingTable(format: .fp32(1))
        let ids = (0..<Int64(count)).map { $0 }
        _ = try table.put(ids, ids.map { Float($0) + 1 })
        let asked = ids.flatMap { [$0, -1 - $0] }
        #expect(try table.rows(asked) == asked.map { [$0 < 0 ? 0 : Float($0) + 1] })
    }

    @Test func `rows that do not fit the table are refused whole`() throws {
        let table = try EmbeddingTable(format: .fp32(2))
        let error = #expect(throws: ServingError.self) { try table.put([1, 2], [1, 2, 3]) }
        #expect(error?.code == .invalidArgument)
        #expect(table.statistics.rows == 0)
        var short: [Float] = [0]
        #expect(throws: ServingError.self) {
            var target = short.mutableSpan
            try table.lookup([Int64(1)].span, into: &target)
        }
        let builder = SnapshotBuilder(format: .fp32(2))
        #expect(throws: ServingError.self) { try builder.add(1, [1]) }
    }

    @Test func `the budget refuses new ids before changes of old ones`() throws {
        let table = try EmbeddingTable(format: .fp32(16), limits: TableLimits(maximumBytes: 100_000))
        let row = [Float](repeating: 1, count: 16)
        var inserted: [Int64] = []
        for id in Int64(0)..<5_000 where try table.put([id], row).inserted == 1 { inserted.append(id) }
        #expect((500..<1_500).contains(inserted.count))
        #expect(table.statistics.overlayBytes < 100_000 + 4_096)
        #expect(table.statistics.refused == 5_000 - inserted.count)
        // With nobody reading, the rows that changes leave are there again at once.
        for round in 2..<12 {
            for id in inserted {
                #expect(try table.put([id], [Float](repeating: Float(round), count: 16)).changed == 1)
            }
        }
        #expect(try table.rows(inserted).allSatisfy { $0 == [Float](repeating: 11, count: 16) })
        #expect(try table.put([999_999], row).refused == 1)
        #expect(try table.remove(all: [inserted[0], inserted[1]]) == 2)
        #expect(try table.put([999_999], row).inserted == 1)
    }

    @Test func `a snapshot beyond the budget is not served`() throws {
        let builder = SnapshotBuilder(format: .fp32(16))
        for id in Int64(0)..<1_000 { try builder.add(id, [Float](repeating: 1, count: 16)) }
        try builder.write(to: folder.file("s"))
        let snapshot = try Snapshot(path: folder.file("s"))
        let error = #expect(throws: ServingError.self) {
            try EmbeddingTable(snapshot, limits: TableLimits(maximumBytes: 50_000))
        }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func `rows expire by the time of their slot, and those without a time stay`() throws {
        let ids: [Int64] = [1, 2, 3 << 48, 3 << 48 | 1, -1]
        let builder = SnapshotBuilder(format: .fp32(1))
        for (id, time) in zip(ids, [100, 0, 100, 190, 100] as [UInt32]) { try builder.add(id, [1], time) }
        try builder.write(to: folder.file("s"))
        let table = try EmbeddingTable(Snapshot(path: folder.file("s")))
        _ = try table.put([7, 3 << 48 | 2], [1, 1], at: 150)
        let policy = ExpiryPolicy(defaultSeconds: 100, secondsBySlot: [3: 20, 0x7FFF: 1_000])
        #expect(try table.expire(policy, now: 199) == 2)
        #expect(try table.rows(ids) == [[1], [1], [0], [1], [1]])
        #expect(try table.expire(policy, now: 200) == 1)
        #expect(try table.rows(ids + [7]) == [[0], [1], [0], [1], [1], [1]])
        #expect(try table.expire(policy, now: 250) == 2)
        #expect(try table.rows(ids + [7]) == [[0], [1], [0], [0], [1], [0]])
        #expect(table.statistics.expired == 5)
        // An id that comes back is served again.
        #expect(try table.put([1], [2], at: 260).inserted == 1)
        #expect(try table.rows([1]) == [[2]])
    }

    @Test func `compaction keeps times and leaves out what was removed`() throws {
        let builder = SnapshotBuilder(format: .fp32(1))
        for id in Int64(0)..<100 { try builder.add(id, [1], 100) }
        try builder.write(to: folder.file("0"))
        let table = try EmbeddingTable(Snapshot(path: folder.file("0")))
        _ = try table.put((50..<150).map { $0 }, [Float](repeating: 2, count: 100), at: 200)
        _ = try table.remove(all: [0, 1, 60, 149])
        try table.compact(to: folder.file("1"), fingerprint: [1, 2])
        #expect(table.statistics.overlayRows == 0)
        let snapshot = try Snapshot(path: folder.file("1"))
        #expect(snapshot.rowCount == 146 && snapshot.fingerprint == [1, 2])
        #expect(snapshot.row(of: 10).map { snapshot.timestamp(ofRow: $0) } == 100)
        #expect(snapshot.row(of: 55).map { snapshot.timestamp(ofRow: $0) } == 200)
        #expect(snapshot.row(of: 60) == nil)
    }

    @Test func `what changes while a snapshot is written is served over it`() throws {
        let builder = SnapshotBuilder(format: .fp32(1), seed: 4)
        for id in Int64(0)..<10 { try builder.add(id, [1]) }
        try builder.write(to: folder.file("0"))
        let current = CurrentView()
        let coder = RowCoder(.fp32(1))
        var writer = try TableWriter(
            snapshot: Snapshot(path: folder.file("0")),
            coder: coder,
            hash: IDHash(seed: 4),
            limits: TableLimits(),
            gate: ReaderGate(),
            current: current
        )
        func put(_ id: Int64, _ value: Float) throws {
            var summary = UpdateSummary()
            try writer.put(id, [value], timestamp: 1, &summary)
            #expect(summary.refused == 0)
        }
        for id: Int64 in [3, 4, 5, 20, 21, 22] { try put(id, 2) }
        var merge = writer.startMerge()
        // Changed, inserted, removed, removed and put again; of the snapshot and of the overlay.
        try put(4, 3)
        try put(6, 3)
        try put(21, 3)
        try put(30, 3)
        for id: Int64 in [0, 5, 22, 20] {
            let wasThere = try writer.remove(id)
            #expect(wasThere)
        }
        try put(20, 4)
        try merge.write(to: folder.file("1"), format: .fp32(1), fingerprint: [])
        try writer.adopt(Snapshot(path: folder.file("1")), merge)
        var numbers = [Float](repeating: .nan, count: 40)
        let ids = (0..<Int64(40)).map { $0 }
        let view = current.pointer.load(ordering: .acquiring)
        _ = try #require(view).pointee.lookup(ids, count: 40, into: &numbers, coder)
        let expected: [Int64: Float] = [
            1: 1, 2: 1, 3: 2, 4: 3, 6: 3, 7: 1, 8: 1, 9: 1, 20: 4, 21: 3, 30: 3,
        ]
        #expect(numbers == ids.map { expected[$0] ?? 0 })
        #expect(writer.statistics.rows == expected.count)
    }
}
