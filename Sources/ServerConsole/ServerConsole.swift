import Batching
public import Inference
public import Servables
import ServingMetrics
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the console in the browser knows of the server: states, and one sample of its counters for each of the last 600
/// seconds, taken also when nobody looks. The REST port serves it.
public final class ServerConsole: Sendable {
    /// What does not change while the server runs.
    public struct Facts: Sendable, Hashable {
        public var version: String
        /// Processor cores that the process may use.
        public var cores: Int
        /// Whether calls may load and unload models.
        public var hasControl: Bool
        /// Whether the server is a container of a deployment.
        public var hasDeployment: Bool

        public init(version: String, cores: Int, hasControl: Bool = false, hasDeployment: Bool = false) {
            self.version = version
            self.cores = cores
            self.hasControl = hasControl
            self.hasDeployment = hasDeployment
        }
    }

    private struct State: Sendable {
        var ring = SampleRing()
        var reading: ServerReading?
        var events = ModelEvents()
    }

    public let facts: Facts
    /// When the server started, in milliseconds since 1970.
    public let started: Int64
    private let service: InferenceService
    private let manager: ServableManager
    private let health: ServingHealth
    /// `nil` where graphs ask this server's models only.
    private let routes: (any RemoteRoutesReporting)?
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameter now: the date in milliseconds since 1970.
    public init(
        facts: Facts,
        service: InferenceService,
        manager: ServableManager,
        health: ServingHealth,
        routes: (any RemoteRoutesReporting)? = nil,
        now: @escaping @Sendable () -> Int64 = { ServerConsole.date() }
    ) {
        self.facts = facts
        self.service = service
        self.manager = manager
        self.health = health
        self.routes = routes
        self.now = now
        started = now()
        manager.observe { [weak self] id, status in
            guard let self else { return }
            let date = self.now()
            state.withLock { $0.events.add(id, status, date: date) }
        }
    }

    /// The system's date in milliseconds since 1970.
    public static func date() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: Samples

    /// Takes a sample every second until its task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            takeSample()
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Reads the counters; from the second time on, what they gained becomes a sample.
    package func takeSample() {
        let reading = read()
        state.withLock { state in
            if let earlier = state.reading, let sample = ServerSample(from: earlier, to: reading) {
                state.ring.append(sample)
            }
            state.reading = reading
        }
    }

    private func read() -> ServerReading {
        var reading = ServerReading()
        reading.time = .now()
        reading.date = now()
        reading.process = .now()
        reading.read(service.metrics)
        for name in manager.modelNames {
            let waiting = waitingRequests(of: name)
            if waiting > 0 { reading.models[name, default: .init()].waiting = waiting }
        }
        return reading
    }

    private func waitingRequests(of model: String) -> Int {
        manager.status(of: model).filter { $0.state == .available }.reduce(0) { sum, status in
            let selector = ModelSelector(name: model, version: .specific(status.version))
            // A version that has just gone has nothing that waits.
            guard let schedule = try? service.schedule(selector) else { return sum }
            return sum + schedule.queues.reduce(0) { $0 + $1.explanation.depth.tasks }
        }
    }

    /// What came to each model in the last second, those that had anything.
    public var lastTraffic: [String: TrafficSample] { state.withLock { $0.ring.last?.models ?? [:] } }

    /// Samples from a number on, oldest first, and the number of the one that comes next.
    public func samples(from number: Int) -> (samples: [ServerSample], next: Int) {
        state.withLock { ($0.ring.samples(from: number), $0.ring.next) }
    }

    // MARK: States

    public var isReady: Bool { health.isReady }
    public var isDraining: Bool { health.isDraining }
    /// Grows with every change of a version's state, or a replica's.
    public var changeCount: Int { state.withLock { $0.events.count } + (routes?.changeCount ?? 0) }

    /// What is known of models that other servers have.
    ///
    /// - Parameter isShown: whether whoever asks may hear of a model.
    func routes(shows isShown: (String) -> Bool) -> RemoteRoutesReport? {
        guard var report = routes?.report() else { return nil }
        report.routes.removeAll { !isShown($0.model) }
        return report
    }

    /// The last changes of states, oldest first.
    ///
    /// - Parameter isShown: whether whoever asks may hear of a model.
    func events(shows isShown: (String) -> Bool) -> [ModelEvent] {
        state.withLock { $0.events.last }.filter { isShown($0.model) }
    }

    /// All models that are or were asked for, sorted by name.
    ///
    /// - Parameter isShown: whether whoever asks may hear of a model.
    public func models(shows isShown: (String) -> Bool) -> [ModelOverview] {
        let missing = health.unavailableModels.map(\.name)
        let names = Set(manager.modelNames).union(missing).filter(isShown).sorted()
        let events = state.withLock { $0.events }
        return names.map { name in
            let versions = manager.status(of: name).map { status in
                ModelOverview.Version(
                    status: status,
                    since: events.date(of: ServableID(name: name, version: status.version))
                )
            }
            return ModelOverview(name: name, versions: versions)
        }
    }
}
