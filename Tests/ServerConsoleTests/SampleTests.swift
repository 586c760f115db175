import ServingMetrics
import ServingPrimitives
import Testing

@testable import ServerConsole

@Suite struct SampleTests {
    @Test(
        arguments: [
            (counts: [0, 0, 0, 0], share: 0.5, expected: nil),
            (counts: [4, 0, 0, 0], share: 0.5, expected: 5.0),
            (counts: [0, 10, 0, 0], share: 0.9, expected: 19.0),
            (counts: [5, 5, 0, 0], share: 0.5, expected: 10.0),
            (counts: [1, 1, 2, 0], share: 0.75, expected: 30.0),
            // Nothing is known of what lies above the last bound.
            (counts: [0, 0, 0, 7], share: 0.5, expected: 40.0),
        ] as [(counts: [Int64], share: Double, expected: Double?)]
    )
    func `a share of values is found inside of its bucket`(counts: [Int64], share: Double, expected: Double?) {
        #expect(BucketCounts(limits: [10, 20, 40], counts: counts).quantile(share) == expected)
    }

    @Test func `a sample tells what was gained between two readings`() throws {
        var earlier = reading(atSeconds: 10)
        earlier.models["a"] = .init(failed: 1, latencies: BucketCounts(limits: [1000, 2000], counts: [5, 0, 0]))
        earlier.runs = 3
        earlier.rows = 3
        earlier.process.processorNanoseconds = 1_000_000_000
        var later = reading(atSeconds: 12)
        later.models["a"] = .init(
            failed: 5,
            latencies: BucketCounts(limits: [1000, 2000], counts: [5, 8, 0]),
            waiting: 2
        )
        later.models["b"] = .init(latencies: BucketCounts(limits: [1000, 2000], counts: [2, 0, 0]))
        later.runs = 7
        later.rows = 23
        later.process = ProcessUsage(processorNanoseconds: 4_000_000_000, residentBytes: 77)
        let sample = try #require(ServerSample(from: earlier, to: later))
        #expect(sample.date == 12_000)
        #expect(sample.cores == 1.5)
        #expect(sample.memory == 77)
        #expect(sample.runs == 2)
        #expect(sample.rowsPerRun == 5)
        #expect(sample.total.succeeded == 5)
        #expect(sample.total.failed == 2)
        #expect(sample.total.waiting == 2)
        #expect(sample.models["a"]?.latency == LatencyPercentiles(p50: 1.5, p95: 1.95, p99: 1.99))
        #expect(sample.models["b"]?.succeeded == 1)
        #expect(sample.total.latency?.p50 == 1.375)
    }

    @Test func `some of the models together have rates, and times only where it is one`() throws {
        var later = reading(atSeconds: 1)
        for name in ["a", "b", "c"] {
            later.models[name] = .init(failed: 1, latencies: BucketCounts(limits: [1000], counts: [4, 0]), waiting: 2)
        }
        let sample = try #require(ServerSample(from: reading(atSeconds: 0), to: later))
        let two = sample.traffic { $0 != "c" }
        #expect((two.succeeded, two.failed, two.waiting) == (8, 2, 4))
        #expect(two.latency == nil)
        #expect(sample.traffic { $0 == "a" } == sample.models["a"])
        #expect(sample.traffic { _ in false } == TrafficSample())
    }

    @Test func `models without traffic are not kept, and no more than a bound of them`() throws {
        var later = reading(atSeconds: 1)
        for index in 0..<100 { later.models["m\(index)"] = .init(failed: Int64(index)) }
        let sample = try #require(ServerSample(from: reading(atSeconds: 0), to: later))
        #expect(sample.models.count == ServerSample.maximumModels)
        #expect(sample.models["m99"]?.failed == 99)
        #expect(sample.models["m0"] == nil)
        #expect(sample.total.failed == 4950)
    }

    @Test func `no time makes no sample`() {
        #expect(ServerSample(from: reading(atSeconds: 1), to: reading(atSeconds: 1)) == nil)
    }

    @Test func `counts that seem to go back are none`() throws {
        var earlier = reading(atSeconds: 0)
        earlier.models["a"] = .init(failed: 5, latencies: BucketCounts(limits: [1], counts: [9, 0]))
        earlier.runs = 4
        var later = reading(atSeconds: 1)
        later.models["a"] = .init(failed: 4, latencies: BucketCounts(limits: [1], counts: [8, 1]))
        let sample = try #require(ServerSample(from: earlier, to: later))
        #expect(sample.total.failed == 0)
        #expect(sample.total.succeeded == 1)
        #expect(sample.runs == 0)
    }

    @Test func `readings take inference calls and every failure`() {
        let metrics = ServerMetrics()
        let model = metrics.model("m")
        model.finished(.grpc(.predict), .ok, nanoseconds: 1_000_000)
        model.finished(.rest(.classify), .ok, nanoseconds: 1_000_000)
        // A question for its state.
        model.finished(.rest(nil), .ok, nanoseconds: 1_000_000)
        model.finished(.rest(.predict), .invalidArgument, nanoseconds: 0)
        metrics.batchingProcessedBatchSize.cell([]).record(8)
        var reading = ServerReading()
        reading.read(metrics)
        #expect(reading.models["m"]?.latencies?.total == 2)
        #expect(reading.models["m"]?.failed == 1)
        #expect(reading.runs == 1)
        #expect(reading.rows == 8)
    }

    @Test func `the process says what it uses`() {
        let usage = ProcessUsage.now()
        #expect(usage.processorNanoseconds > 0)
        #expect(usage.residentBytes > 1 << 20)
        #expect(ProcessUsage.residentPages(Array("900 42 3 4".utf8)) == 42)
        #expect(ProcessUsage.residentPages(Array("900".utf8)) == 0)
    }

    private func reading(atSeconds seconds: UInt64) -> ServerReading {
        var reading = ServerReading()
        reading.time = MonotonicTime(nanoseconds: seconds * 1_000_000_000)
        reading.date = Int64(seconds) * 1000
        return reading
    }
}

@Suite struct SampleRingTests {
    @Test(arguments: [
        (taken: 0, from: 0, expected: []), (taken: 3, from: 0, expected: [0, 1, 2]), (taken: 3, from: 2, expected: [2]),
        (taken: 3, from: 3, expected: []),
        // A number of another server, and one that is no longer there: everything that is.
        (taken: 3, from: 9, expected: [0, 1, 2]),
        (taken: 603, from: 1, expected: Array(3..<603)), (taken: 1204, from: 1203, expected: [1203]),
    ])
    func `samples are given from a number on, as far as they are kept`(taken: Int, from: Int, expected: [Int]) {
        var ring = SampleRing()
        for index in 0..<taken {
            ring.append(
                ServerSample(date: Int64(index), cores: 0, memory: 0, runs: 0, total: TrafficSample(), models: [:])
            )
        }
        #expect(ring.samples(from: from).map { Int($0.date) } == expected)
        #expect(ring.next == taken)
    }
}
