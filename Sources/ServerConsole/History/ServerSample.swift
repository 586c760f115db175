import ServingPrimitives

/// What the server did in one second.
public struct ServerSample: Sendable, Hashable {
    /// Models whose traffic a sample keeps; others only count for the whole.
    static let maximumModels = 64

    /// When the second ended, in milliseconds since 1970.
    public var date: Int64
    /// Processor cores in use: 1.5 is one and a half.
    public var cores: Double
    /// Resident memory in bytes.
    public var memory: Int64
    /// Runs of batches per second.
    public var runs: Double
    /// Mean rows of them; `nil` when none ran.
    public var rowsPerRun: Double?
    /// All models together.
    public var total: TrafficSample
    /// By name, those that had any.
    public var models: [String: TrafficSample]
}

extension ServerSample {
    /// What came to some of the models together. Times of answers are known only where it came to one of them.
    public func traffic(of isMeant: (String) -> Bool) -> TrafficSample {
        let parts = models.filter { isMeant($0.key) }.map(\.value)
        guard parts.count > 1 else { return parts.first ?? TrafficSample() }
        return parts.reduce(into: TrafficSample()) { sum, part in
            sum.succeeded += part.succeeded
            sum.failed += part.failed
            sum.waiting += part.waiting
        }
    }

    /// What happened between two readings; `nil` when they are of the same moment.
    init?(from earlier: ServerReading, to later: ServerReading) {
        let nanoseconds = later.time.nanoseconds(since: earlier.time)
        guard nanoseconds > 0 else { return nil }
        let seconds = Double(nanoseconds) / 1e9
        date = later.date
        memory = later.process.residentBytes
        let used = later.process.processorNanoseconds
        cores = Double(used - min(earlier.process.processorNanoseconds, used)) / Double(nanoseconds)
        let runCount = max(0, later.runs - earlier.runs)
        runs = Double(runCount) / seconds
        rowsPerRun = runCount > 0 ? Double(max(0, later.rows - earlier.rows)) / Double(runCount) : nil
        total = TrafficSample()
        models = [:]
        addTraffic(from: earlier, to: later, seconds)
    }

    private mutating func addTraffic(from earlier: ServerReading, to later: ServerReading, _ seconds: Double) {
        var all: BucketCounts?
        var samples: [(name: String, traffic: TrafficSample)] = []
        for (name, model) in later.models {
            let before = earlier.models[name]
            let latencies = model.latencies?.since(before?.latencies)
            let sample = TrafficSample(
                succeeded: latencies?.total ?? 0,
                failed: max(0, model.failed - (before?.failed ?? 0)),
                latencies,
                waiting: model.waiting,
                seconds
            )
            guard !sample.isIdle else { continue }
            total.succeeded += sample.succeeded
            total.failed += sample.failed
            total.waiting += sample.waiting
            if let latencies { all = all.map { $0.adding(latencies) } ?? latencies }
            samples.append((name, sample))
        }
        total.latency = all?.percentiles
        samples.sort { ($0.traffic.succeeded + $0.traffic.failed) > ($1.traffic.succeeded + $1.traffic.failed) }
        for (name, traffic) in samples.prefix(Self.maximumModels) { models[name] = traffic }
    }
}

extension TrafficSample {
    fileprivate init(
        succeeded: Int64,
        failed: Int64,
        _ latencies: BucketCounts?,
        waiting: Int,
        _ seconds: Double
    ) {
        self.succeeded = Double(succeeded) / seconds
        self.failed = Double(failed) / seconds
        latency = latencies?.percentiles
        self.waiting = waiting
    }
}
