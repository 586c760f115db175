import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import EngineEmbedding

@Suite struct PushJournalTests {
    private let fixture = ShardFixture()

    private func push(_ shard: any LoadedModel, _ ids: [Int64], _ numbers: [Float]) throws {
        try Self.push(shard, ids, numbers)
    }

    private static func push(_ shard: any LoadedModel, _ ids: [Int64], _ numbers: [Float]) throws {
        _ = try shard.call(
            "\(ShardFixture.sharedName)/raw_assign",
            [
                "id": .ids(ids), "id_split": .ids([0, Int64(ids.count), Int64(ids.count)]),
                "flat_value": .numbers(numbers),
            ]
        )
    }

    private func items(_ shard: any LoadedModel, _ ids: [Int64]) throws -> [Float] {
        try shard.call("lookup", ["item": .ids(ids), "user": .ids([])])["item"]?.floats ?? []
    }

    private var journalFiles: [String] {
        (LocalFolder.names(in: fixture.cache) ?? []).filter { $0.hasSuffix(".push") }.sorted()
    }

    @Test func `a restart keeps pushes, and the time of the last`() throws {
        try fixture.writeMulti()
        var lastUpdate: UInt32 = 0
        do {
            let shard = try fixture.keepingEngine().load(fixture.request)
            try push(shard, [2, 50], [9, 9, 5, 5])
            try push(shard, [50], [6, 6])
            lastUpdate = try #require(shard as? EmbeddingShard).statistics[0].lastUpdate
            shard.close()
        }
        let shard = try fixture.keepingEngine().load(fixture.request)
        #expect(try items(shard, [1, 2, 50]) == [1, 2, 9, 9, 6, 6])
        #expect(try #require(shard as? EmbeddingShard).statistics[0].lastUpdate == lastUpdate)
    }

    @Test func `versions that are served together get each other's pushes, and later ones get all`() throws {
        try fixture.writeMulti()
        let engine = fixture.keepingEngine()
        let first = try engine.load(fixture.request)
        try push(first, [2], [9, 9])
        let second = try engine.load(fixture.request)
        #expect(try items(second, [2]) == [9, 9])
        try push(first, [1], [7, 7])
        try push(second, [2], [8, 8])
        for shard in [first, second] { #expect(try items(shard, [1, 2]) == [7, 7, 8, 8]) }
        first.close()
        try push(second, [1], [6, 6])
        #expect(try items(second, [1]) == [6, 6])
    }

    @Test func `a file that was cut short while it was written keeps its whole pushes, and the log says so`() throws {
        try fixture.writeMulti()
        do {
            let shard = try fixture.keepingEngine().load(fixture.request)
            try push(shard, [2], [9, 9])
            try push(shard, [1], [7, 7])
            shard.close()
        }
        let path = "\(fixture.cache)/\(try #require(journalFiles.first))"
        let bytes = try LocalFile.contents(of: path, limit: 1 << 20)
        try writeFile(path, Array(bytes.dropLast(3)))
        let log = Mutex<[String]>([])
        do {
            let shard = try fixture.keepingEngine(log: { line in log.withLock { $0.append(line) } })
                .load(fixture.request)
            #expect(try items(shard, [1, 2]) == [1, 2, 9, 9])
            try push(shard, [1], [5, 5])
            shard.close()
        }
        #expect(log.withLock { $0 }.contains { $0.contains(path) && $0.contains("1 records") })
        let shard = try fixture.keepingEngine().load(fixture.request)
        #expect(try items(shard, [1, 2]) == [5, 5, 9, 9])
    }

    @Test func `damage in the middle is named, and what is before and behind it is kept`() throws {
        try fixture.writeMulti()
        do {
            let shard = try fixture.keepingEngine().load(fixture.request)
            for id: Int64 in [1, 2, -9] { try push(shard, [id], [9, 9]) }
            shard.close()
        }
        let path = "\(fixture.cache)/\(try #require(journalFiles.first))"
        var bytes = try LocalFile.contents(of: path, limit: 1 << 20)
        bytes[bytes.count / 2 + 10] ^= 1
        try writeFile(path, bytes)
        let log = Mutex<[String]>([])
        let shard = try fixture.keepingEngine(log: { line in log.withLock { $0.append(line) } }).load(fixture.request)
        #expect(try items(shard, [1, 2, -9]) == [9, 9, 3, 4, 9, 9])
        #expect(log.withLock { $0 }.contains { $0.contains("\(path) is damaged: record 2") && $0.contains("2 whole") })
    }

    @Test func `a journal of another format is refused by name`() throws {
        try fixture.writeMulti()
        do {
            let shard = try fixture.keepingEngine().load(fixture.request)
            try push(shard, [1], [9, 9])
            shard.close()
        }
        let path = "\(fixture.cache)/\(try #require(journalFiles.first))"
        var encoder = PushEncoder(receiveTime: 0)
        let (ids, numbers): ([Int64], [Float]) = ([1], [1])
        ids.withUnsafeBufferPointer { ids in
            numbers.withUnsafeBufferPointer { encoder.add("t", dimension: 1, ids, $0) }
        }
        try writeFile(path, encoder.bytes)
        let error = #expect(throws: ServingError.self) { try fixture.keepingEngine().load(fixture.request) }
        #expect(error?.code == .failedPrecondition && error?.message.contains(path) == true)
    }

    @Test func `a full journal refuses with a time to wait, and takes more when it was compacted`() throws {
        try fixture.writeMulti()
        let engine = fixture.keepingEngine(bytes: 4_096)
        let shard = try engine.load(fixture.request)
        var refusal: ServingError?
        var last: Float = 0
        for turn in 0..<1_000 where refusal == nil {
            do {
                try push(shard, [1, 2], [Float(turn), 0, 0, Float(turn)])
                last = Float(turn)
            } catch {
                refusal = error as? ServingError
            }
        }
        #expect(refusal?.code == .resourceExhausted && refusal?.retryAfterNanoseconds != nil)
        #expect(refusal?.message.contains("--embedding-journal-bytes") == true)
        #expect(try items(shard, [1, 2]) == [last, 0, 0, last])
        engine.runUpkeep(now: 1)
        #expect(journalFiles.count == 1 && journalFiles[0].hasSuffix("-all.push"))
        try push(shard, [2], [5, 5])
        shard.close()
        let again = try engine.load(fixture.request)
        #expect(try items(again, [1, 2]) == [last, 0, 5, 5])
    }

    @Test func `a second server refuses pushes until the first has ended, and then has them all`() throws {
        try fixture.writeMulti()
        let second = fixture.keepingEngine()
        var follower: (any LoadedModel)?
        do {
            let leader = try fixture.keepingEngine().load(fixture.request)
            follower = try second.load(fixture.request)
            let shard = try #require(follower)
            try push(leader, [1], [9, 9])
            let error = #expect(throws: ServingError.self) { try push(shard, [1], [8, 8]) }
            #expect(error?.code == .unavailable && error?.retryAfterNanoseconds != nil)
            #expect(try items(shard, [1]) == [1, 2])
            leader.close()
        }
        let shard = try #require(follower)
        // The first may be let go of by another thread.
        while try items(shard, [1]) != [9, 9] { second.runUpkeep(now: 1) }
        try push(shard, [2], [7, 7])
        #expect(try items(shard, [1, 2]) == [9, 9, 7, 7])
    }

    private final class PushRun: Sendable {
        let ended = Atomic(0)
        let failures = Mutex<[String]>([])
    }

    private static let threads = 4
    private static let turns = 200

    @Test func `what comes while versions are loaded and the journal is compacted is in all of them`() throws {
        try fixture.writeMulti()
        let engine = fixture.keepingEngine(bytes: 48 << 10, sync: .always)
        var shards = [try engine.load(fixture.request)]
        let run = PushRun()
        for thread in 0..<Self.threads {
            startThread(named: "pushes") { [first = shards[0]] in
                for turn in 0..<Self.turns {
                    let id = Int64(1_000 + thread * Self.turns + turn)
                    do {
                        try Self.push(first, [id, 1], [Float(turn), 1, Float(thread), Float(turn)])
                    } catch let error as ServingError where error.code == .resourceExhausted {
                        engine.runUpkeep(now: 1)
                        // What is full still is when all ids have one row.
                        do { try Self.push(first, [id, 1], [Float(turn), 1, Float(thread), Float(turn)]) } catch {
                            run.failures.withLock { $0.append("\(error)") }
                        }
                    } catch {
                        run.failures.withLock { $0.append("\(error)") }
                    }
                }
                run.ended.wrappingAdd(1, ordering: .releasing)
            }
        }
        while run.ended.load(ordering: .acquiring) < Self.threads {
            if shards.count < 8 { shards.append(try engine.load(fixture.request)) }
            engine.runUpkeep(now: 1)
        }
        #expect(run.failures.withLock { $0 } == [])
        shards.append(try engine.load(fixture.request))
        let ids = (0..<Int64(Self.threads * Self.turns)).map { 1_000 + $0 } + [1]
        var expected: [Float] = []
        for index in 0..<Self.threads * Self.turns { expected += [Float(index % Self.turns), 1] }
        let last = try items(shards[0], [1])
        for shard in shards { #expect(try items(shard, ids) == expected + last) }
    }

    @Test func `a table of another width takes nothing of it`() throws {
        try fixture.writeMulti()
        let engine = fixture.keepingEngine()
        let first = try engine.load(fixture.request)
        try push(first, [1], [9, 9])
        var wide = ShardFixture.item
        wide.dimension = 3
        wide.rows = [1: [1, 2, 3]]
        try fixture.writeMulti([wide, ShardFixture.user])
        let second = try engine.load(fixture.request)
        try push(first, [1], [8, 8])
        #expect(try items(second, [1]) == [1, 2, 3])
        #expect(try items(first, [1]) == [8, 8])
    }

    @Test func `a push that never fits gives no hope`() throws {
        try fixture.writeMulti()
        let shard = try fixture.keepingEngine(bytes: 256).load(fixture.request)
        let ids = (0..<Int64(100)).map { $0 }
        let error = #expect(throws: ServingError.self) {
            try push(shard, ids, [Float](repeating: 1, count: 200))
        }
        #expect(error?.code == .resourceExhausted && error?.retryAfterNanoseconds == nil)
        // Nothing of it was applied.
        #expect(try items(shard, [1, 99]) == [1, 2, 0, 0])
    }

    @Test(
        arguments: [
            // The dump's row was updated at 50, and the dump saved at 100.
            (1, 49, false), (1, 50, true), (1, 120, true),
            // Nobody knows when it was updated.
            (2, 99, false), (2, 100, true),
            // It does not have the id.
            (3, 99, false), (3, 100, true),
        ] as [(Int64, UInt32, Bool)]
    )
    func `the later of push and dump counts`(id: Int64, time: UInt32, counts: Bool) throws {
        let builder = SnapshotBuilder(format: .fp32(1), seed: 1)
        try builder.add(1, [1], 50)
        try builder.add(2, [1], 0)
        try builder.write(to: fixture.folder.file("s"))
        let table = try EmbeddingTable(Snapshot(path: fixture.folder.file("s"), placement: .mapped))
        let member = JournalMember([.init(key: "t", rows: table, erasesZeros: false, dumpTime: 100)])
        var encoder = PushEncoder(receiveTime: time)
        let (ids, numbers): ([Int64], [Float]) = ([id], [9])
        ids.withUnsafeBufferPointer { ids in
            numbers.withUnsafeBufferPointer { encoder.add("t", dimension: 1, ids, $0) }
        }
        try encoder.bytes.withUnsafeBytes { bytes in
            let data = bytes[TFRecordFormat.headerBytes..<bytes.count - TFRecordFormat.checksumBytes]
            let push = try #require(PushRecord(UnsafeRawBufferPointer(rebasing: data)))
            #expect(member.takes(push) == [counts])
            #expect(try member.replay(push) == 0)
        }
        #expect(try (table.rows([id])[0] == [9]) == counts)
        #expect(table.statistics.lastUpdate == time)
    }

    @Test func `a row of zeros removes its id where zeros are not kept, also after a restart`() throws {
        var item = ShardFixture.item
        item.skipsZeros = true
        try fixture.writeMulti([item, ShardFixture.user])
        for turn in 0..<2 {
            let shard = try fixture.keepingEngine().load(fixture.request)
            if turn == 0 {
                try push(shard, [50, 1, 50], [1, 1, 1e-9, 0, 0, 0])
                try push(shard, [2], [0, 1e-3])
            }
            #expect(try items(shard, [1, 2, 50]) == [0, 0, 0, 1e-3, 0, 0])
            let statistics = try #require(shard as? EmbeddingShard).statistics[0]
            #expect(statistics.rows == 2 && statistics.removed == 2)
            shard.close()
        }
    }

    @Test func `rows expire by the clock of the table's schedule`() throws {
        let table = try EmbeddingTable(format: .fp32(1))
        let schedule = EvictionSchedule(
            policy: ExpiryPolicy(defaultSeconds: 100, secondsBySlot: [3: 1_000]),
            everySeconds: 60
        )
        let upkeep = TableUpkeep(
            "t",
            table,
            schedule,
            SnapshotCache(folder: fixture.cache),
            EmbeddingOptions(cacheFolder: fixture.cache)
        )
        let ofSlot = Int64(3) << 48
        _ = try table.put([1, ofSlot], [1, 1], at: 1_000)
        upkeep.run(now: 1_000)
        upkeep.run(now: 1_059)
        upkeep.run(now: 1_061)
        #expect(table.statistics.rows == 2)
        // Its time is over, and it is not the turn yet.
        upkeep.run(now: 1_110)
        #expect(table.statistics.rows == 2)
        upkeep.run(now: 1_121)
        #expect(try table.found([1]) == 0 && table.found([ofSlot]) == 1)
    }

    @Test func `a table with many pushed rows is compacted, and leaves no file`() throws {
        let table = try EmbeddingTable(format: .fp32(1), limits: TableLimits(maximumBytes: 1 << 20))
        let upkeep = TableUpkeep(
            "t",
            table,
            nil,
            SnapshotCache(folder: fixture.cache),
            EmbeddingOptions(cacheFolder: fixture.cache, updateBytes: 6_800)
        )
        let ids = (0..<Int64(100)).map { $0 }
        _ = try table.put(Array(ids.dropLast()), [Float](repeating: 1, count: 99))
        upkeep.run(now: 1)
        #expect(table.statistics.overlayRows == 99)
        _ = try table.put([99], [1])
        upkeep.run(now: 2)
        #expect(table.statistics.overlayRows == 0 && table.statistics.rows == 100)
        #expect(try table.found(ids) == 100)
        #expect(LocalFolder.names(in: fixture.cache) == [])
    }
}
