import ServingMetrics
public import ServingPrimitives
import Synchronization

/// Where the requests of one front end on one event loop begin and end: the one place that all notes of a request go
/// through, whatever it asked for.
///
/// Belongs to its event loop, but for what it has recorded and counted. Costs some 200 ns a request with everything on.
public final class TelemetryLane: @unchecked Sendable {
    // Sendable: other threads only use the recorder and the two atomic counts.
    public let entry: RequestEntry
    let recorder: FlightRecorder?
    private let accessLog: (any TelemetrySink)?
    private let spans: (any TelemetrySink)?
    private let now: @Sendable () -> MonotonicTime
    private var counts: ModelMetricsCache
    private var details: RequestMetricsCache?
    private var sampler: TraceSampler
    private let firstNumber: UInt64
    private let began = Atomic<UInt64>(0)
    private let ended = Atomic<UInt64>(0)

    init(
        _ entry: RequestEntry,
        index: Int,
        recorder: FlightRecorder?,
        of telemetry: RequestTelemetry,
        now: @escaping @Sendable () -> MonotonicTime
    ) {
        self.entry = entry
        self.recorder = recorder
        self.now = now
        accessLog = telemetry.accessLog
        spans = telemetry.spans
        counts = ModelMetricsCache(telemetry.metrics)
        details = telemetry.requestMetrics.map { RequestMetricsCache($0) }
        firstNumber = UInt64(index) << 48
        sampler = TraceSampler(
            rate: telemetry.configuration.traceSampling,
            exports: telemetry.spans != nil,
            seed: UInt64.random(in: .min ... .max)
        )
    }

    /// Whether addresses of clients are of use to anybody.
    public var wantsPeers: Bool { accessLog != nil || recorder != nil }

    /// A request has come: its first byte, or its head.
    ///
    /// - Parameter trace: the fields that name a trace; `nil` when there are none.
    public func begin(_ api: RequestAPI, at time: MonotonicTime, trace: TraceFields? = nil) -> RequestRecord {
        // Only this thread writes it: no need for a locked addition.
        began.store(began.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        var record = RequestRecord(entry, api, at: time)
        record.trace = sampler.trace(trace)
        return record
    }

    /// The request was answered, or its client is gone.
    public func end(_ record: inout RequestRecord) {
        let number = ended.load(ordering: .relaxed) &+ 1
        ended.store(number, ordering: .relaxed)
        record.number = firstNumber | number
        record.answered = now()
        if let kind = record.counted {
            let nanoseconds = record.code == .ok ? record.answered.nanoseconds(since: record.complete) : 0
            counts.finished(model: record.model, kind, record.code, nanoseconds: nanoseconds)
        }
        // Traces that begin here tell of work, not of those who watch it.
        if record.api.isProbe, record.trace?.parentSpanID == 0 { record.trace = nil }
        accessLog?.take(record)
        guard !record.api.isProbe else { return }
        details?.count(record)
        recorder?.add(record)
        if let spans, let trace = record.trace, trace.isSampled { spans.take(record) }
    }

    /// Requests that have begun and not ended. Any thread.
    var inFlight: Int {
        // In this order, so that a request that ends meanwhile does not make it negative.
        let ended = ended.load(ordering: .acquiring)
        return Int(clamping: began.load(ordering: .relaxed) &- ended)
    }

    var endedCount: UInt64 { ended.load(ordering: .relaxed) }
}
