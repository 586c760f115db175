public import Servables
import Synchronization

/// Whether the server and each of its models can answer now: what the gRPC health service and REST readiness report.
///
/// Nothing is cached. A change only tells the observers to ask again, so an answer is never older than the question,
/// in whatever order the threads that load and unload models report.
public final class ServingHealth: Sendable {
    /// The state of one model, or of the server as a whole.
    public enum Status: Sendable, Hashable {
        /// It answers requests.
        case serving
        /// It should be there but cannot answer: still loading, failed, unloaded, or the server is draining.
        case notServing
    }

    /// Handed out by `observe`; ends the observation when given to `stopObserving`.
    public struct ObserverID: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    private struct State {
        var models: [String]
        var isDraining = false
        var awaited: String?
        var nextObserver: UInt64 = 0
        var observers: [UInt64: @Sendable () -> Void] = [:]
    }

    private let versions: @Sendable (String) -> [VersionStatus]
    private let state: Mutex<State>

    /// - Parameters:
    ///   - requiredModels: those that must be there before the server is ready: the models of the configuration.
    ///   - versions: all versions of a model, empty for one that no source has named yet.
    public init(requiredModels: [String], versions: @escaping @Sendable (String) -> [VersionStatus]) {
        self.versions = versions
        self.state = Mutex(State(models: requiredModels))
    }

    /// The health of what `manager` serves; observers hear of every change of a version's state.
    public convenience init(requiredModels: [String], manager: ServableManager) {
        self.init(requiredModels: requiredModels) { manager.status(of: $0) }
        // Weak, as the manager keeps its observers and this object keeps the manager.
        manager.observe { [weak self] _, _ in self?.modelsChanged() }
    }

    /// Replaces the models that must be there. One that is not among them any more is forgotten, whatever becomes of its
    /// versions.
    public func setRequiredModels(_ models: [String]) {
        state.withLock { $0.models = models }
        modelsChanged()
    }

    private var requiredModels: [String] { state.withLock { $0.models } }

    /// Whether every required model has a version that answers, if only when it has been loaded, and the server is not draining.
    public var isReady: Bool { !isDraining && awaited == nil && requiredModels.allSatisfy(hasAvailableVersion) }

    /// The server as a whole: `serving` when `isReady`.
    public var overall: Status { isReady ? .serving : .notServing }

    /// The state of one model; `nil` when no model of that name is required.
    public func status(of model: String) -> Status? {
        guard requiredModels.contains(model) else { return nil }
        return !isDraining && hasAvailableVersion(model) ? .serving : .notServing
    }

    /// All versions of a model, newest first; empty for one that is not known.
    public func versions(of model: String) -> [VersionStatus] { versions(model) }

    /// Required models without an available version, sorted by name, and what versions they have.
    public var unavailableModels: [(name: String, versions: [VersionStatus])] {
        Set(requiredModels).sorted().map { ($0, versions($0)) }.filter { !$0.1.contains(where: \.canAnswer) }
    }

    /// What must be there before the server can know its models, where it does not yet.
    public var awaited: String? { state.withLock { $0.awaited } }

    /// Says what the server waits for before it can be ready; `nil` for nothing more.
    public func setAwaited(_ what: String?) {
        let hasChanged = state.withLock { state in
            defer { state.awaited = what }
            return state.awaited != what
        }
        if hasChanged { modelsChanged() }
    }

    /// Whether `beginDraining` was called.
    public var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Turns readiness off for good: the first step of a shutdown. Calls after the first do nothing.
    public func beginDraining() {
        let isFirst = state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if isFirst { modelsChanged() }
    }

    /// Calls `observer` after every change that may alter an answer of this object, from the thread that made the
    /// change: it must return quickly and ask for the new status elsewhere if that takes long.
    public func observe(_ observer: @escaping @Sendable () -> Void) -> ObserverID {
        state.withLock { state in
            state.nextObserver += 1
            state.observers[state.nextObserver] = observer
            return ObserverID(number: state.nextObserver)
        }
    }

    /// Ends an observation. A call that is under way on another thread may still come.
    public func stopObserving(_ id: ObserverID) {
        state.withLock { _ = $0.observers.removeValue(forKey: id.number) }
    }

    /// Tells the observers that the state of a model may have changed.
    public func modelsChanged() {
        let observers = state.withLock { Array($0.observers.values) }
        for observer in observers { observer() }
    }

    private func hasAvailableVersion(_ model: String) -> Bool {
        versions(model).contains(where: \.canAnswer)
    }
}
