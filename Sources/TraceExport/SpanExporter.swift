public import Logging
public import NIOCore
public import ServingMetrics
public import ServingPrimitives
import Synchronization
public import Telemetry

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Sends the spans of traced requests to a collector, in the background. One that hangs or is away costs spans, which are
/// counted, and nothing else.
public final class SpanExporter: TelemetrySink {
    /// Requests that may wait to be sent.
    static let capacity = 2048
    /// Requests of one message.
    static let largestBatch = 512
    /// Nanoseconds that requests are gathered for a message.
    static let linger: UInt64 = 1_000_000_000
    /// How long a collector may take.
    static let timeout = TimeAmount.seconds(10)
    /// Milliseconds before another try, where it may help.
    static let pauses: [UInt32] = [500, 2000]

    private let drain: RecordDrain
    private let lost: Counter

    /// - Parameters:
    ///   - credentials: where the address asks for TLS.
    ///   - group: the loops that connections run on; they must outlive `close`.
    ///   - service: what the spans are of: OpenTelemetry's `service.name`.
    ///   - registry: where traced requests are counted.
    ///   - logger: hears when a collector stops to take spans and when it takes them again.
    /// - Throws: why TLS cannot be used.
    public init(
        to address: CollectorAddress,
        credentials: CollectorCredentials,
        group: any EventLoopGroup,
        service: String,
        version: String,
        registry: MetricRegistry,
        logger: Logger
    ) throws(ServingError) {
        let requests = registry.counter("apus_traced_requests_total", labels: ["outcome"])
        lost = requests.cell(["lost"])
        let delivery = SpanDelivery(
            client: try CollectorClient(address, credentials: credentials, group: group, timeout: Self.timeout),
            encoder: SpanEncoder(service: service, version: version),
            exported: requests.cell(["exported"]),
            lost: lost,
            logger: logger
        )
        drain = RecordDrain(named: "trace-export", capacity: Self.capacity, linger: Self.linger) {
            delivery.deliver($0)
        }
    }

    public func take(_ record: RequestRecord) { if !drain.offer(record) { lost.increment() } }

    /// Sends what is waiting, at most for so many nanoseconds.
    public func close(within nanoseconds: UInt64) { drain.close(within: nanoseconds) }
}

/// What the exporter's thread does.
private final class SpanDelivery: Sendable {
    private let client: CollectorClient
    private let encoder: SpanEncoder
    private let exported: Counter
    private let lost: Counter
    private let logger: Logger
    /// Whether the last message was taken: a change is told once.
    private let isHealthy = Atomic<Bool>(true)

    init(client: CollectorClient, encoder: SpanEncoder, exported: Counter, lost: Counter, logger: Logger) {
        self.client = client
        self.encoder = encoder
        self.exported = exported
        self.lost = lost
        self.logger = logger
    }

    func deliver(_ records: [RequestRecord]) {
        let clock = WallClock()
        for start in stride(from: 0, to: records.count, by: SpanExporter.largestBatch) {
            let batch = records[start..<min(start + SpanExporter.largestBatch, records.count)]
            let failure = send(batch, clock)
            (failure == nil ? exported : lost).increment(by: Int64(batch.count))
            tell(failure)
        }
    }

    /// - Returns: why the collector did not take them; `nil` when it did.
    private func send(_ batch: ArraySlice<RequestRecord>, _ clock: WallClock) -> String? {
        guard let body = try? encoder.encode(batch, clock) else { return "the spans cannot be serialized" }
        var failure: String?
        for pause in SpanExporter.pauses + [0] {
            do {
                let status = try client.post(body)
                if (200..<300).contains(status) { return nil }
                failure = "the collector answered with status \(status)"
                // What OTLP says may be tried again; anything else would be refused again.
                guard [429, 502, 503, 504].contains(status) else { return failure }
            } catch {
                failure = "\(error)"
            }
            usleep(pause * 1000)
        }
        return failure
    }

    private func tell(_ failure: String?) {
        let wasHealthy = isHealthy.exchange(failure == nil, ordering: .relaxed)
        if let failure, wasHealthy {
            logger.warning("The trace collector takes no spans; they are lost", metadata: ["error": "\(failure)"])
        } else if failure == nil, !wasHealthy {
            logger.info("The trace collector takes spans again")
        }
    }
}
