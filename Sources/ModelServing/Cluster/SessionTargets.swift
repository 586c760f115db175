import EngineTensorFlow
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Synchronization

/// Which models run on a TensorFlow cluster, and what is told of their sessions there.
final class SessionTargets: Sendable {
    /// Takes why a version that is loaded does not answer at the moment, or `nil` when it does again.
    typealias TroubleObserver = @Sendable (ServableID, ServingError?) -> Void

    private struct State {
        /// By model, as its configuration says it; a model that says nothing is not there.
        var targets: [String: String] = [:]
        /// Versions that have, or are to have, a session on a cluster.
        var present: Set<ServableID> = []
        var observer: TroubleObserver = { _, _ in }
    }

    private let configuration: ServerConfiguration.Cluster
    private let engine: TensorFlowEngine
    private let rebuilds: MetricFamily<Counter>
    private let isUp: MetricFamily<Gauge>
    private let state = Mutex(State())

    /// - Parameter engine: whose library and options the sessions have.
    init(_ configuration: ServerConfiguration.Cluster, engine: TensorFlowEngine, metrics: ServerMetrics) {
        self.configuration = configuration
        self.engine = engine
        rebuilds = metrics.registry.counter("/apus/cluster_session_rebuilds", labels: ["model_name", "version"])
        isUp = metrics.registry.gauge("/apus/cluster_session_up", labels: ["model_name", "version"])
    }

    /// Versions that are loaded from now on run where their model's configuration says.
    func configure(_ models: [ServerConfiguration.Model]) {
        let targets = models.filter { !$0.sessionTarget.isEmpty }.map { ($0.name, $0.sessionTarget) }
        state.withLock { $0.targets = Dictionary(targets) { first, _ in first } }
    }

    func observe(_ observer: @escaping TroubleObserver) { state.withLock { $0.observer = observer } }

    /// What loads the version; `nil` where that is the server's own engine.
    func engine(for id: ServableID) -> ClusterEngine? {
        let text = state.withLock { $0.targets[id.name] } ?? configuration.sessionTarget
        // Texts that are wrong were refused with the configuration.
        guard let target = try? SessionTarget.parse(text) else { return nil }
        _ = state.withLock { $0.present.insert(id) }
        let labels = [id.name, "\(id.version)"]
        let (rebuilds, isUp) = (rebuilds.cell(labels), isUp.cell(labels))
        isUp.set(1)
        return ClusterEngine(
            engine,
            target: ClusterTarget(
                host: target.host,
                port: target.port,
                timeoutMilliseconds: configuration.timeoutMilliseconds
            ),
            model: "version \(id.version) of model \(id.name)"
        ) { [weak self] trouble in
            isUp.set(trouble == nil ? 1 : 0)
            if trouble == nil { rebuilds.increment() }
            self?.state.withLock { $0.observer }(id, trouble)
        }
    }

    /// The version has ended: nothing is told of its session any more.
    func forget(_ id: ServableID) {
        guard state.withLock({ $0.present.remove(id) }) != nil else { return }
        isUp.cell([id.name, "\(id.version)"]).set(0)
    }
}
