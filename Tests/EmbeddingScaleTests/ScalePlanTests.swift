import EngineEmbedding
import Testing

@testable import EmbeddingScale

@Suite struct ScalePlanTests {
    private static let fp16 = try! RowFormat([RowSegment(dimension: 32, compression: .fp16)])

    private func demand(rows: Double) -> ScaleDemand {
        ScaleDemand(
            rows: rows,
            format: Self.fp16,
            requestsPerSecond: 1_000,
            idsPerRequest: 100,
            changedShare: 0.1,
            versions: 2,
            machine: .init(memory: 1e9, cores: 10, network: 1e9, disk: 1e8)
        )
    }

    private var costs: ScaleCosts {
        var costs = ScaleCosts()
        costs.indexBytes = 16
        costs.overlayBytes = 36
        costs.callNanoseconds = 1_000
        costs.idNanoseconds = 100
        costs.pushNanoseconds = 1_000
        costs.importedPerSecond = 1e6
        costs.verifiedPerSecond = 1e9
        costs.callBytes = 200
        costs.idBytes = 8
        costs.entryBytes = 40
        return costs
    }

    @Test func `one shard holds what fits into it`() {
        // 2 * (80 + 0.1 * 100) bytes a row.
        let plan = ScalePlan(demand(rows: 5e6), costs)
        #expect(plan.bytesPerRow == 80 && plan.snapshotBytes == 4e8)
        #expect(plan.shards == 1 && plan.memoryPerShard == 9e8)
        #expect(plan.askedShards == 1 && plan.idsPerCall == 100)
        // 1000 requests of 1000 + 100 * 100 ns.
        #expect(abs(plan.lookupCores - 0.011) < 1e-9)
        #expect(plan.replicas == 2 && plan.machines == 2)
        #expect(plan.requestBytes == 200 + 100 * (8 + 128))
    }

    @Test func `more rows are more shards, and a request asks nearly all of them`() {
        let plan = ScalePlan(demand(rows: 5e7), costs)
        #expect(plan.shards == 9 && plan.memoryPerShard < 1e9 + 1)
        #expect(plan.askedShards > 8.99 && plan.askedShards <= 9)
        let many = ScalePlan(demand(rows: 5e10), costs)
        #expect(many.shards == 9_000)
        // Of so many shards hardly one is asked twice.
        #expect(many.askedShards > 99 && many.askedShards < 100)
    }

    @Test func `times follow from the slowest of disk, network and cores`() {
        let plan = ScalePlan(demand(rows: 5e6), costs)
        // 5e6 entries of 200 bytes at 1e8 a second; 5 cores import at 5e6 a second; then 4e8 bytes are written.
        #expect(plan.dumpBytesPerShard == 1e9)
        #expect(abs(plan.publishSeconds - 14) < 1e-9)
        #expect(abs(plan.coldStartSeconds - 4) < 1e-9)
        #expect(abs(plan.warmStartSeconds - 0.4) < 1e-9)
        #expect(plan.pushes == 1e6 && abs(plan.changeSeconds - 0.5) < 1e-9)
    }

    @Test func `replicas are as many as lookups and network need`() {
        var demand = demand(rows: 5e6)
        // 11 µs a request: 11 cores of 10, of which 6 are planned with.
        demand.requestsPerSecond = 1e6
        demand.machine.network = 1e12
        #expect(ScalePlan(demand, costs).replicas == 2)
        demand.requestsPerSecond = 2e6
        #expect(ScalePlan(demand, costs).replicas == 4)
        // 2e6 * 13800 bytes a second through 6e9.
        demand.machine.network = 1e10
        #expect(ScalePlan(demand, costs).replicas == 5)
    }

    @Test func `a shard has no more rows than a table numbers`() {
        var demand = demand(rows: 1e10)
        demand.machine.memory = 1e15
        #expect(ScalePlan(demand, costs).shards == 3)
    }

    @Test func `the table has a column for each plan`() {
        let plans = [5e6, 5e7].map { ScalePlan(demand(rows: $0), costs) }
        let latency = FanOutSimulation.Latency(median: 1e-3, p99: 5e-3)
        let text = ScaleTable(plans, latency: latency, seed: 1).text
        let lines = text.split(separator: "\n")
        #expect(lines[0] == "| rows | 5.00 million | 50.0 million |")
        #expect(lines[1] == "| --- | ---: | ---: |")
        #expect(lines.contains("| shards | 1 | 9 |"))
        #expect(lines.contains("| publish: from the dump to served rows | 14 s | 16 s |"))
        #expect(lines.allSatisfy { $0.filter { $0 == "|" }.count == 4 })
        #expect(ScaleTable(plans, latency: latency, seed: 1).text == text)
    }

    @Test(
        arguments: [
            (0.00002, "20 µs"), (0.0123, "12.3 ms"), (0.5, "500 ms"), (3.14, "3.1 s"), (75, "75 s"), (600, "10 min"),
            (9_000, "2.5 h"),
        ]
    )
    func `times are shown for people`(seconds: Double, text: String) { #expect(ScaleTable.time(seconds) == text) }

    @Test(
        arguments: [
            (0, "0"), (999_999, "999,999"), (1e6, "1.00 million"), (1e11, "100 billion"), (2.5e15, "2,500 trillion"),
        ]
            as [(Double, String)]
    )
    func `counts are shown for people`(value: Double, text: String) { #expect(ScaleTable.count(value) == text) }
}
