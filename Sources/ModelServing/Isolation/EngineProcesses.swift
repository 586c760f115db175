import EngineInterface
import EngineProcess
import Logging
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Synchronization

/// Which models have an engine process for each version, and what is told of these processes.
final class EngineProcesses: Sendable {
    /// Takes why a version that is loaded does not answer at the moment, or `nil` when it does again.
    typealias TroubleObserver = @Sendable (ServableID, ServingError?) -> Void

    private struct State {
        var isolated: Set<String> = []
        /// Versions that have, or are to have, a process.
        var present: Set<ServableID> = []
        var observer: TroubleObserver = { _, _ in }
    }

    private let engineName: String
    private let settings: [UInt8]
    private let channels: Int
    /// Isolated whatever the models' own configuration says; `*` is every model.
    private let always: Set<String>
    private let restarts: MetricFamily<Counter>
    private let isUp: MetricFamily<Gauge>
    private let state = Mutex(State())

    /// - Parameters:
    ///   - engineName: of the engine that the processes have.
    ///   - engineThreads: threads of the server that run models.
    init(
        _ configuration: ServerConfiguration,
        engineName: String,
        engineThreads: Int,
        metrics: ServerMetrics
    ) throws(ServingError) {
        self.engineName = engineName
        settings = try configuration.engineProcessSettings()
        // Answers that are being encoded keep their channel, and warm-up runs beside the engine threads.
        channels = 2 * engineThreads + configuration.loading.warmUpThreads
        always = Set(configuration.isolatedModels)
        restarts = metrics.registry.counter("/apus/engine_process_restarts", labels: ["model_name", "version"])
        isUp = metrics.registry.gauge("/apus/engine_process_up", labels: ["model_name", "version"])
    }

    /// Versions that are loaded from now on have a process where their model's configuration says so.
    func configure(_ models: [ServerConfiguration.Model]) {
        let isolated = Set(models.filter { $0.isolation == .process }.map(\.name))
        state.withLock { $0.isolated = isolated }
    }

    func observe(_ observer: @escaping TroubleObserver) { state.withLock { $0.observer = observer } }

    /// What loads the version; `nil` where that is the server's own engine.
    func engine(for id: ServableID) -> ProcessEngine? {
        let isIsolated = state.withLock { state in
            guard always.contains("*") || always.contains(id.name) || state.isolated.contains(id.name) else {
                return false
            }
            state.present.insert(id)
            return true
        }
        guard isIsolated else { return nil }
        let labels = [id.name, "\(id.version)"]
        let (restarts, isUp) = (restarts.cell(labels), isUp.cell(labels))
        isUp.set(1)
        return ProcessEngine(
            name: engineName,
            model: "version \(id.version) of model \(id.name)",
            settings: settings,
            channels: channels
        ) { [weak self] trouble in
            isUp.set(trouble == nil ? 1 : 0)
            if trouble == nil { restarts.increment() }
            self?.state.withLock { $0.observer }(id, trouble)
        }
    }

    /// The version has ended: nothing is told of its process any more.
    func forget(_ id: ServableID) {
        guard state.withLock({ $0.present.remove(id) }) != nil else { return }
        isUp.cell([id.name, "\(id.version)"]).set(0)
    }
}
