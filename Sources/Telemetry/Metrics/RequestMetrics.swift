import ServingMetrics
import ServingPrimitives
import Synchronization

/// The metrics of requests beyond those of TensorFlow Serving: times, parts of them and sizes by model, version,
/// signature, API, front end and status.
final class RequestMetrics: Sendable {
    let duration: MetricFamily<Histogram>
    let stages: MetricFamily<Histogram>
    let received: MetricFamily<Counter>
    let sent: MetricFamily<Counter>
    /// Grows when cells were taken out: those that a lane has kept may be among them.
    let epoch = Atomic<UInt64>(0)

    private let metrics: ServerMetrics

    init(_ metrics: ServerMetrics) {
        self.metrics = metrics
        let registry = metrics.registry
        let bounds = HistogramBounds(
            [
                50e3, 100e3, 250e3, 500e3, 1e6, 2.5e6, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6, 1e9, 2.5e9, 5e9,
                10e9,
                30e9,
            ],
            unit: 1e9
        )
        duration = registry.histogram(
            "apus_request_duration_seconds",
            labels: ["model", "version", "signature", "api", "entry", "status"],
            bounds: bounds,
            limits: .requests
        )
        stages = registry.histogram(
            "apus_request_stage_seconds",
            labels: ["model", "version", "stage"],
            bounds: bounds,
            limits: .requests
        )
        received = registry.counter("apus_request_bytes_total", labels: ["model", "entry"], limits: .requests)
        sent = registry.counter("apus_answer_bytes_total", labels: ["model", "entry"], limits: .requests)
    }

    /// Takes a version's numbers off the page: it is gone, and servers whose models change every hour would fill up
    /// with them.
    func forget(model: String, version: Int64) {
        let version = "\(version)"
        duration.remove { $0[0] == model && $0[1] == version }
        stages.remove { $0[0] == model && $0[1] == version }
        epoch.wrappingAdd(1, ordering: .relaxed)
    }

    func cells(_ key: RequestCells.Key) -> RequestCells {
        let version = key.version.map { "\($0)" } ?? ""
        let labels = [
            key.model, version, key.signature, key.api.rawValue, key.entry.rawValue, key.status.name,
        ]
        // A version vouches for all names. Without one the model may still be one of ours; else its name is the client's.
        guard key.version != nil || metrics.knownModel(key.model) != nil else {
            return RequestCells(
                duration: duration.cell(requested: labels),
                stages: [],
                received: received.cell(requested: [key.model, key.entry.rawValue]),
                sent: sent.cell(requested: [key.model, key.entry.rawValue])
            )
        }
        return RequestCells(
            duration: duration.cell(labels),
            stages: key.version == nil
                ? [] : RequestStage.allCases.map { stages.cell([key.model, version, $0.rawValue]) },
            received: received.cell([key.model, key.entry.rawValue]),
            sent: sent.cell([key.model, key.entry.rawValue])
        )
    }
}

extension MetricLimits {
    /// A page that a scraper reads every few seconds must not grow without end.
    fileprivate static var requests: MetricLimits {
        var limits = MetricLimits()
        limits.cells = 8192
        return limits
    }
}

/// Where requests of one kind are counted.
final class RequestCells: Sendable {
    struct Key: Hashable {
        var model: String
        var version: Int64?
        var signature: String
        var api: RequestAPI
        var entry: RequestEntry
        var status: CanonicalCode
    }

    let duration: Histogram
    /// In the order of the stages; none for requests that found no version.
    let stages: [Histogram]
    let received: Counter
    let sent: Counter

    init(duration: Histogram, stages: [Histogram], received: Counter, sent: Counter) {
        self.duration = duration
        self.stages = stages
        self.received = received
        self.sent = sent
    }

    func count(_ record: RequestRecord) {
        duration.record(Int64(clamping: record.duration))
        received.increment(by: Int64(record.requestByteCount))
        sent.increment(by: Int64(record.answerByteCount))
        for (stage, cell) in zip(RequestStage.allCases, stages) {
            if let nanoseconds = record.nanoseconds(of: stage) { cell.record(Int64(clamping: nanoseconds)) }
        }
    }
}
