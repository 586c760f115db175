public import ServingPrimitives
import Synchronization

/// The metrics of the requests to one model, looked up once and kept: recording is a few relaxed atomics.
public final class ModelMetrics: Sendable {
    public let model: String
    private let succeeded: Counter
    private let requestCount: MetricFamily<Counter>
    /// By the kind's index.
    private let latencies: [Histogram]
    /// By the API's number.
    private let runLatencies: [Histogram]
    private let graphRuns: Counter
    private let graphRunTime: Counter
    private let exampleCounts: Histogram
    private let exampleCountTotal: Counter

    init(model: String, in metrics: ServerMetrics) {
        self.model = model
        succeeded = metrics.requestCount.cell([model, CanonicalCode.ok.name])
        requestCount = metrics.requestCount
        latencies = RequestKind.allCases.map {
            metrics.requestLatency.cell([model, $0.apiLabel, $0.entrypointLabel])
        }
        runLatencies = InferenceAPI.allCases.map { metrics.runtimeLatency.cell([model, $0.name, "TF1"]) }
        graphRuns = metrics.graphRuns
        graphRunTime = metrics.graphRunTime
        exampleCounts = metrics.requestExampleCounts.cell([model])
        exampleCountTotal = metrics.requestExampleCountTotal.cell([model])
    }

    /// A request was answered. Its time is kept when it succeeded.
    public func finished(_ kind: RequestKind, _ code: CanonicalCode, nanoseconds: UInt64) {
        guard code == .ok else { return requestCount.cell([model, code.name]).increment() }
        succeeded.increment()
        latencies[kind.index].record(microseconds(nanoseconds))
    }

    /// What a request spent in the model runtime, waiting for a batch included.
    public func ran(_ api: InferenceAPI, nanoseconds: UInt64) {
        runLatencies[api.rawValue].record(microseconds(nanoseconds))
    }

    /// One run of the model took that long, for however many requests.
    public func graphRan(nanoseconds: UInt64) {
        graphRuns.increment()
        graphRunTime.increment(by: microseconds(nanoseconds))
    }

    /// A MultiInference request had so many examples.
    public func received(examples: Int) {
        exampleCounts.record(Int64(examples))
        exampleCountTotal.increment(by: Int64(examples))
    }

    private func microseconds(_ nanoseconds: UInt64) -> Int64 { Int64(clamping: nanoseconds / 1000) }
}

extension ServerMetrics {
    /// The metrics of a model that this server loads. They stay when it is unloaded, as counters do not go back.
    public func model(_ name: String) -> ModelMetrics {
        models.findOrMake(name) { ModelMetrics(model: name, in: self) }
    }

    /// The metrics of a model that was loaded at some time; `nil` for any other name.
    public func knownModel(_ name: String) -> ModelMetrics? { models.find(name) }

    /// A request was answered that named a model that was never loaded, or none. The number of such names is bounded.
    public func finished(unknownModel name: String, _ kind: RequestKind, _ code: CanonicalCode, nanoseconds: UInt64) {
        requestCount.cell(requested: [name, code.name]).increment()
        guard code == .ok else { return }
        requestLatency.cell(requested: [name, kind.apiLabel, kind.entrypointLabel])
            .record(Int64(clamping: nanoseconds / 1000))
    }
}

/// The metrics of all models that were ever loaded.
final class ModelMetricsTable: Sendable {
    private let byName = Mutex<[String: ModelMetrics]>([:])

    func find(_ name: String) -> ModelMetrics? { byName.withLock { $0[name] } }

    func findOrMake(_ name: String, _ make: () -> ModelMetrics) -> ModelMetrics {
        if let found = find(name) { return found }
        let made = make()
        return byName.withLock { table in
            if let found = table[name] { return found }
            table[name] = made
            return made
        }
    }
}
