import Batching
import Inference
import Logging
import NIOCore
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Telemetry
import TraceExport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a server tells of its requests and of itself, and where to: made from the configuration, ended with the server.
struct ServerTelemetry: Sendable {
    /// How long the end of the process waits for what is still to be written or sent.
    private static let closingNanoseconds: UInt64 = 2_000_000_000

    let requests: RequestTelemetry
    let loadMemory = LoadMemory()
    private let accessLog: AccessLog?
    private let spans: SpanExporter?
    private let logger: Logger

    /// - Parameters:
    ///   - lanes: event loops of all front ends together.
    ///   - group: the loops; they must outlive `close`.
    /// - Throws: which file cannot be opened, or what is wrong with an address.
    init(
        _ configuration: ServerConfiguration.Telemetry,
        metrics: ServerMetrics,
        lanes: Int,
        group: any EventLoopGroup,
        logger: Logger
    ) throws(ServingError) {
        self.logger = logger
        var accessLog: AccessLog?
        if let path = configuration.accessLog { accessLog = try AccessLog(path: path, registry: metrics.registry) }
        self.accessLog = accessLog
        var spans: SpanExporter?
        if let url = configuration.traceEndpoint {
            spans = try SpanExporter(
                to: try CollectorAddress(url),
                credentials: CollectorCredentials { name in getenv(name).map { String(cString: $0) } },
                group: group,
                service: "apus",
                version: ServerVersion.text,
                registry: metrics.registry,
                logger: logger
            )
        }
        self.spans = spans
        requests = RequestTelemetry(
            TelemetryConfiguration(configuration),
            metrics: metrics,
            lanes: lanes,
            accessLog: accessLog,
            spans: spans
        )
        metrics.registry.showProcess(version: ServerVersion.text)
    }

    /// Shows the states of versions and their queues on the page of metrics.
    func show(_ manager: ServableManager, _ inference: InferenceService) {
        let registry = requests.metrics.registry
        registry.collect("apus_model_state", labels: ["model", "version", "state"], type: .gauge) { [weak manager] in
            guard let manager else { return [] }
            return manager.modelNames.flatMap { name in
                manager.status(of: name).reversed().map { ([name, "\($0.version)", $0.state.name], 1) }
            }
        }
        registry.collect("apus_model_load_memory_bytes", labels: ["model", "version"], type: .gauge) { [loadMemory] in
            loadMemory.growth.sorted { ($0.key.name, $0.key.version) < ($1.key.name, $1.key.version) }.map {
                ([$0.key.name, "\($0.key.version)"], Double($0.value))
            }
        }
        if manager.hasBudget { registry.showCache { [weak manager] in manager?.cacheReport() } }
        for (what, value) in Self.depths {
            registry.collect("apus_queue_\(what)", labels: ["model", "version"], type: .gauge) { [weak inference] in
                inference?.queueDepths().map { ([$0.id.name, "\($0.id.version)"], Double(value($0.depth))) } ?? []
            }
        }
        manager.observe { [requests, loadMemory] id, status in
            guard status.state == .end else { return }
            requests.versionEnded(id.name, id.version)
            loadMemory.forget(id)
        }
    }

    private static let depths: [(String, @Sendable (QueueDepth) -> Int)] = [
        ("requests", { $0.tasks }), ("rows", { $0.rows }), ("bytes", { $0.bytes }),
    ]

    /// Opens the access log anew, as SIGHUP asks.
    func reopenFiles() {
        guard let accessLog else { return }
        do throws(ServingError) {
            try accessLog.reopen()
            logger.info("The access log was opened anew")
        } catch {
            logger.error(
                "The access log cannot be opened anew; the file before stays in use",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// Writes and sends what is left, for a bounded time.
    func close() {
        accessLog?.close(within: Self.closingNanoseconds)
        spans?.close(within: Self.closingNanoseconds)
    }
}

extension TelemetryConfiguration {
    init(_ configuration: ServerConfiguration.Telemetry) {
        self.init()
        flightRecorderSize = configuration.flightRecorderSize
        slowRequestMilliseconds = configuration.slowRequestMilliseconds
        countsRequests = configuration.countsRequests
        traceSampling = Double(configuration.traceSampling)
    }
}
