import ServingPrimitives
import Synchronization
import Testing

@testable import EngineEmbedding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Readers and writers of one table at once.
@Suite struct ConcurrencyTests {
    private let folder = TemporaryFolder()
    private static let dimension = 24
    private static let idCount: Int64 = 2_000

    /// Rows of which all numbers are the same. A torn row, or one that is written again too early, has others.
    private func row(_ value: Int) -> [Float] { [Float](repeating: Float(value), count: Self.dimension) }

    /// What a reader saw that cannot be.
    private final class Findings: Sendable {
        private let texts = Mutex<[String]>([])
        let isOver = Atomic(false)
        let lookups = Atomic(0)
        let ended = Atomic(0)
        func note(_ text: String) { texts.withLock { if $0.count < 10 { $0.append(text) } } }
        var all: [String] { texts.withLock { $0 } }
    }

    private func startReaders(_ count: Int, of table: EmbeddingTable, _ findings: Findings) {
        for reader in 0..<count {
            startThread(named: "reader") {
                var random = SplitMix(state: UInt64(reader))
                var newest: [Int64: Float] = [:]
                while !findings.isOver.load(ordering: .acquiring) {
                    let ids = (0..<100).map { _ in Int64.random(in: 0..<Self.idCount, using: &random) }
                    guard let rows = try? table.rows(ids) else { return findings.note("a lookup fails") }
                    for (id, row) in zip(ids, rows) {
                        if row.contains(where: { $0 != row[0] }) { findings.note("row of \(id) is torn: \(row)") }
                        if row[0] == 0 { findings.note("id \(id) is not there") }
                        // Values only grow, and nobody may see an older one after a newer one.
                        if row[0] < newest[id] ?? 0 { findings.note("id \(id) went back to \(row[0])") }
                        newest[id] = row[0]
                    }
                    findings.lookups.wrappingAdd(1, ordering: .relaxed)
                }
                findings.ended.wrappingAdd(1, ordering: .releasing)
            }
        }
    }

    private func table(limits: TableLimits) throws -> EmbeddingTable {
        let builder = SnapshotBuilder(format: .fp32(Self.dimension))
        for id in 0..<Self.idCount { try builder.add(id, row(1)) }
        try builder.write(to: folder.file("0"))
        return try EmbeddingTable(Snapshot(path: folder.file("0")), limits: limits)
    }

    /// Half of the ids are updated in every round of the writer, little memory is there, so rows are used again and
    /// again; the index grows, and snapshots take each other's place.
    @Test(arguments: [false, true])
    func `readers see whole rows that never go back, while a writer changes them`(compacting: Bool) throws {
        // Room for twice the rows beside the snapshot.
        let room = Int(Self.idCount) * 2 * (Self.dimension * 4 + 30)
        let table = try table(limits: TableLimits(maximumBytes: 300_000 + room))
        let findings = Findings()
        startReaders(3, of: table, findings)
        var random = SplitMix(state: 99)
        var refused = 0
        var round = 2
        while findings.all.isEmpty, round < 400 || findings.lookups.load(ordering: .relaxed) < 300 {
            let limit = Self.idCount * Int64(min(round, 100)) / 100
            let ids = (0..<200).map { _ in Int64.random(in: 0..<max(limit, 1), using: &random) }
            refused += try table.put(ids, ids.flatMap { _ in row(round) }).refused
            if compacting, round % 50 == 0 { try table.compact(to: folder.file("\(round)")) }
            round += 1
        }
        findings.isOver.store(true, ordering: .releasing)
        while findings.ended.load(ordering: .acquiring) < 3, findings.all.isEmpty { sched_yield() }
        #expect(findings.all.isEmpty)
        #expect(refused < round * 20)
        #expect(try table.rows((0..<Self.idCount).map { $0 }).allSatisfy { $0[0] >= 1 })
    }

    @Test func `what a reader may still see is given back after it has gone`() {
        let gate = ReaderGate()
        var wait = gate.startWaiting()
        func isOver() -> Bool { wait.isOver(at: gate) }
        #expect(isOver())
        gate.read {
            wait = gate.startWaiting()
            for _ in 0..<10 { #expect(!isOver()) }
        }
        #expect(isOver())
    }

    @Test func `new readers do not keep the writer waiting`() {
        let gate = ReaderGate()
        var inside = gate.enter()
        var wait = gate.startWaiting()
        var isOver = false
        for _ in 0..<3 where !isOver {
            // The next one comes before the last one goes.
            let next = gate.enter()
            isOver = wait.isOver(at: gate)
            #expect(!isOver)
            gate.leave(inside)
            inside = next
            isOver = wait.isOver(at: gate)
        }
        #expect(isOver)
        gate.leave(inside)
    }

    @Test func `rows wait for a reader that stays, and the table does not fail for it`() throws {
        let gate = ReaderGate()
        var writer = try TableWriter(
            snapshot: nil,
            coder: RowCoder(.fp32(1)),
            hash: IDHash(seed: 1),
            limits: TableLimits(maximumBytes: 10_000),
            gate: gate,
            current: CurrentView()
        )
        func put(_ value: Float) throws -> UpdateSummary {
            var summary = UpdateSummary()
            try writer.put(1, [value], timestamp: 1, &summary)
            writer.advance()
            return summary
        }
        #expect(try put(1).inserted == 1)
        try gate.read { () -> Result<Void, any Error> in
            Result {
                var refused = 0
                for value in 0..<400 where try put(Float(value)).refused == 1 { refused += 1 }
                #expect(refused > 0)
            }
        }.get()
        #expect(try put(7).changed == 1)
        #expect(writer.statistics.waitingRows < 400)
    }
}
