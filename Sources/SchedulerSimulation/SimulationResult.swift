public import Batching

/// What became of the requests of a simulation, those after its warm-up.
public struct SimulationResult: Sendable {
    /// Requests and rows of one kind.
    public struct Count: Sendable, Hashable {
        public var requests = 0
        public var rows = 0

        mutating func add(_ request: SimulatedRequest) {
            requests += 1
            rows += request.rows
        }
    }

    /// The counts of one model.
    public struct Model: Sendable {
        public var offered = Count()
        /// Answered before the deadline, or without one.
        public var inTime = Count()
        public var late = Count()
        /// Given up while they waited.
        public var dropped = Count()
        /// Not accepted.
        public var refused = Count()
    }

    public private(set) var models: [Model]
    /// Of all that were answered, in nanoseconds, sorted.
    public private(set) var latencies: [UInt64] = []
    public private(set) var batches = 0
    public private(set) var batchRows = 0
    /// Engine time, in nanoseconds.
    public private(set) var busy = 0.0
    /// Nanoseconds over which was counted.
    public private(set) var span = 0.0
    /// Requests in time for each window, by the time at which they arrived.
    public private(set) var inTimeByWindow: [Int] = []
    public private(set) var offeredByWindow: [Int] = []
    public private(set) var explanations: [QueueExplanation] = []
    private let warmUp: UInt64
    private let window: UInt64
    private var lastArrival: UInt64 = 0
    private var threads = 1

    init(models: Int, warmUp: UInt64, window: UInt64) {
        self.models = Array(repeating: Model(), count: models)
        self.warmUp = warmUp
        self.window = window
    }

    /// All models together.
    public var total: Model {
        var total = Model()
        for model in models {
            total.offered.add(model.offered)
            total.inTime.add(model.inTime)
            total.late.add(model.late)
            total.dropped.add(model.dropped)
            total.refused.add(model.refused)
        }
        return total
    }

    public var offeredPerSecond: Double { perSecond(total.offered.rows) }
    /// Rows a second that were in time.
    public var goodput: Double { perSecond(total.inTime.rows) }
    public var meanBatch: Double { batches == 0 ? 0 : Double(batchRows) / Double(batches) }
    /// The share of the threads' time in which models ran.
    public var utilisation: Double { span == 0 ? 0 : busy / span / Double(threads) }

    public func perSecond(_ count: Int) -> Double { span == 0 ? 0 : Double(count) / span * 1e9 }

    /// The latency, in nanoseconds, that a share of the answers stays below; 0 when there was none.
    public func latency(_ share: Double) -> Double {
        guard !latencies.isEmpty else { return 0 }
        return Double(latencies[min(Int(Double(latencies.count) * share), latencies.count - 1)])
    }

    // MARK: Counting

    mutating func offered(_ request: SimulatedRequest) {
        lastArrival = request.arrival
        guard request.arrival >= warmUp else { return }
        models[request.model].offered.add(request)
        if let index = windowIndex(of: request) { Self.count(index, in: &offeredByWindow) }
    }

    mutating func answered(_ request: SimulatedRequest, at now: UInt64) {
        guard request.arrival >= warmUp else { return }
        let latency = now - request.arrival
        latencies.append(latency)
        guard request.budget.map({ latency <= $0 }) ?? true else { return models[request.model].late.add(request) }
        models[request.model].inTime.add(request)
        if let index = windowIndex(of: request) { Self.count(index, in: &inTimeByWindow) }
    }

    mutating func dropped(_ request: SimulatedRequest) {
        if request.arrival >= warmUp { models[request.model].dropped.add(request) }
    }

    mutating func refused(_ request: SimulatedRequest) {
        if request.arrival >= warmUp { models[request.model].refused.add(request) }
    }

    mutating func ran(rows: Int, nanoseconds: Double, at now: UInt64) {
        guard now >= warmUp else { return }
        batches += 1
        batchRows += rows
        busy += nanoseconds
    }

    private func windowIndex(of request: SimulatedRequest) -> Int? {
        window > 0 ? Int((request.arrival - warmUp) / window) : nil
    }

    private static func count(_ index: Int, in windows: inout [Int]) {
        while windows.count <= index { windows.append(0) }
        windows[index] += 1
    }

    mutating func finish(_ explanations: [QueueExplanation], threads: Int, at now: UInt64) {
        self.explanations = explanations
        self.threads = threads
        span = Double(lastArrival > warmUp ? lastArrival - warmUp : 0)
        latencies.sort()
    }
}

extension SimulationResult.Count {
    fileprivate mutating func add(_ other: Self) {
        requests += other.requests
        rows += other.rows
    }
}
