public import ServingMetrics
public import ServingPrimitives
import Synchronization

/// Everything that is noted of a server's requests. Front ends take a lane of it for each of their event loops.
public final class RequestTelemetry: Sendable {
    public let configuration: TelemetryConfiguration
    public let metrics: ServerMetrics
    let requestMetrics: RequestMetrics?
    let accessLog: (any TelemetrySink)?
    let spans: (any TelemetrySink)?
    private let lanes = Mutex<[TelemetryLane]>([])
    private let laneCount: Int

    /// - Parameters:
    ///   - lanes: how many will be taken; the recorder's room is divided among them.
    ///   - accessLog: takes all requests.
    ///   - spans: takes those that are traced.
    public init(
        _ configuration: TelemetryConfiguration = TelemetryConfiguration(),
        metrics: ServerMetrics,
        lanes: Int = 1,
        accessLog: (any TelemetrySink)? = nil,
        spans: (any TelemetrySink)? = nil
    ) {
        self.configuration = configuration
        self.metrics = metrics
        self.accessLog = accessLog
        self.spans = spans
        laneCount = max(lanes, 1)
        requestMetrics = configuration.countsRequests ? RequestMetrics(metrics) : nil
        guard configuration.countsRequests else { return }
        metrics.registry.collect("apus_requests_in_flight", labels: ["entry"], type: .gauge) { [weak self] in
            self?.inFlight.map { ([$0.key.rawValue], Double($0.value)) } ?? []
        }
    }

    /// A lane for one event loop of a front end.
    public func makeLane(_ entry: RequestEntry, now: @escaping @Sendable () -> MonotonicTime) -> TelemetryLane {
        lanes.withLock { lanes in
            let recorder =
                configuration.flightRecorderSize > 0
                ? FlightRecorder(
                    capacity: max(configuration.flightRecorderSize / laneCount, 1),
                    slowThreshold: UInt64(max(configuration.slowRequestMilliseconds, 0)) * 1_000_000
                ) : nil
            let lane = TelemetryLane(entry, index: lanes.count, recorder: recorder, of: self, now: now)
            lanes.append(lane)
            return lane
        }
    }

    /// Requests that have begun and not ended.
    public var inFlight: [RequestEntry: Int] {
        var sums: [RequestEntry: Int] = [:]
        for lane in lanes.withLock({ $0 }) { sums[lane.entry, default: 0] += lane.inFlight }
        return sums
    }

    /// Requests that have ended since the start.
    public var endedCount: UInt64 { lanes.withLock { $0 }.reduce(0) { $0 + $1.endedCount } }

    /// The recorded requests that match, the last to end first.
    ///
    /// - Parameter isShown: whether the one who asks may hear of a request.
    public func recordedRequests(
        _ filter: RequestFilter = RequestFilter(),
        isShown: (RequestRecord) -> Bool = { _ in true }
    ) -> [RecordedRequest] {
        let all = lanes.withLock { $0 }.flatMap { $0.recorder?.all() ?? [] }
        let found = all.filter { filter.matches($0) && isShown($0.record) }.sorted {
            $0.record.answered > $1.record.answered
        }
        return Array(found.prefix(filter.limit))
    }

    /// A version is gone for good: its numbers leave the page.
    public func versionEnded(_ model: String, _ version: Int64) {
        requestMetrics?.forget(model: model, version: version)
    }
}
