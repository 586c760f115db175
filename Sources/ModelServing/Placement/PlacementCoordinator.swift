import EngineInterface
import Logging
import ModelTools
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Synchronization

/// Carries out the plan: every load asks it for a device, and when models, their settings or the devices change it moves
/// what has to move.
///
/// Models move one after the other, on a thread of its own: a copy is loaded on the new device, takes over, and the old one
/// ends after its last run. Requests notice nothing.
final class PlacementCoordinator: ModelPlacement {
    private struct State {
        var ledger: PlacementLedger
        var configured: [ServerConfiguration.Model] = []
        var loaded: [ServableID: Loaded] = [:]
        /// Versions to move, and models whose versions are to end and come back.
        var moves: Set<ServableID> = []
        var renewals: Set<String> = []
        var isAtWork = false
    }

    private struct Loaded {
        /// The version's loader owns it.
        weak var model: PlacedModel?
        var request: LoadRequest
        var engine: any InferenceEngine
    }

    private let state: Mutex<State>
    private let prefersTFLite: Bool
    private let costs: ModelCosts
    private let logger: Logger
    /// How often models were configured.
    private let configurations = Atomic<Int>(0)
    /// Of these the one for which the folders were looked at. Whoever comes during a look waits for it.
    private let surveyed = Mutex(0)
    /// Models whose versions are to end and come back: they have lost their places, or have got one. For one reader.
    let renewals: AsyncStream<Set<String>>
    private let renew: AsyncStream<Set<String>>.Continuation

    /// - Parameter costs: what versions were found to take; told of those that are loaded.
    init(devices: [PlacementDevice], prefersTFLite: Bool, costs: ModelCosts, logger: Logger) {
        state = Mutex(State(ledger: PlacementLedger(devices: devices)))
        self.costs = costs
        self.prefersTFLite = prefersTFLite
        self.logger = logger
        (renewals, renew) = AsyncStream.makeStream()
        logger.info(
            "Models are placed on devices",
            metadata: [
                "devices": .array(devices.map { .string("\($0.name)=\(ByteCount.text($0.budget))") })
            ]
        )
    }

    var plan: PlacementPlan { state.withLock { $0.ledger.plan } }

    /// Whether the version was refused a place: to try again is of no use, it comes back by itself when there is one.
    func hasRefused(_ id: ServableID) -> Bool { state.withLock { $0.ledger.hasRefused(id) } }

    /// The models that are configured now. Waits for nothing.
    func configure(_ models: [ServerConfiguration.Model]) {
        perform { state in
            state.configured = models
            return state.ledger.configure(models)
        }
        configurations.add(1, ordering: .releasing)
    }

    /// The devices that there are now.
    func setDevices(_ devices: [PlacementDevice]) {
        perform { $0.ledger.setDevices(devices) }
        // What has no place any more ends, and says why when it comes back.
        let plan = plan
        logger.info(
            "The devices have changed, and the plan with them",
            metadata: [
                "devices": .array(devices.map { .string("\($0.name)=\(ByteCount.text($0.budget))") }),
                "plan": "\(plan.summary)",
            ]
        )
    }

    /// What is planned is in place, or about to be: changes of models and devices are carried out as they come.
    func planned(anew: Bool) -> PlacementPlan {
        state.withLock { $0.ledger.planned(anew: anew).compared(with: $0.ledger.plan) }
    }

    func apply(anew: Bool) -> PlacementPlan {
        var plan = PlacementPlan()
        perform { state in
            let before = state.ledger.plan
            let changes = state.ledger.apply(anew: anew)
            plan = state.ledger.plan.compared(with: before)
            return changes
        }
        return plan
    }

    // MARK: Loads

    /// Loads a version on its devices. Blocks.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` with a sentence and the figures when it has no place; else as the engine.
    func load(
        _ id: ServableID,
        _ request: LoadRequest,
        with engine: any InferenceEngine,
        on _: [String]
    ) throws(ServingError) -> any LoadedModel {
        lookForExpectedVersions()
        let settings = state.withLock { $0.ledger.settings(of: id.name) }
        let demand = try PlacementDemand(id, at: request.path, settings, measured: costs.measuredBytes)
        let devices = try begin(demand)
        do throws(ServingError) {
            let copies = try devices.map { (device) throws(ServingError) in try engine.load(request, on: device) }
            return register(copies, id, Loaded(request: request, engine: engine))
        } catch {
            perform { $0.ledger.end(id) }
            throw error
        }
    }

    private func begin(_ demand: PlacementDemand) throws(ServingError) -> [DeviceName] {
        var devices: [String]?
        var reason: String?
        perform { state in
            let (found, changes) = state.ledger.begin(demand)
            devices = found
            reason = state.ledger.plan.refusals.first { $0.replica.id == demand.id }?.reason
            return changes
        }
        guard let devices else {
            throw ServingError(.resourceExhausted, "The model has no place on any device: \(reason ?? "there is none")")
        }
        if let reason { logger.warning("A replica has no place", metadata: ["reason": "\(reason)"]) }
        return try devices.map { (name) throws(ServingError) in
            guard let device = DeviceName(name) else { throw .internalError("\(name) is no name of a device") }
            return device
        }
    }

    private func register(_ copies: [PlacedModel.Copy], _ id: ServableID, _ loaded: Loaded) -> PlacedModel {
        let model = PlacedModel(id, copies, logger: logger) { [weak self] in self?.ended(id) }
        let isElsewhere = state.withLock { state in
            state.loaded[id] = loaded
            state.loaded[id]?.model = model
            // The plan may have changed while it was loaded.
            guard state.ledger.devices(of: id) != copies.map({ "\($0.device)" }) else { return false }
            state.moves.insert(id)
            return true
        }
        if isElsewhere { startWork() }
        return model
    }

    func loaded(_ version: AspiredVersion, loadNanoseconds: UInt64) {
        let copies = state.withLock { $0.loaded[version.id]?.model?.devices.count ?? 1 }
        let cost = costs.loaded(version, loadNanoseconds: loadNanoseconds, copies: copies)
        guard cost.isMeasured else { return }
        state.withLock { $0.ledger.measured(cost.residentBytes, version.id) }
    }

    private func ended(_ id: ServableID) {
        perform { state in
            state.loaded[id] = nil
            return state.ledger.end(id)
        }
    }

    /// Looks at the folders of all models once after they were configured, so that the first to be loaded does not take
    /// the place that a larger one needs.
    private func lookForExpectedVersions() {
        surveyed.withLock { surveyed in
            let current = configurations.load(ordering: .acquiring)
            guard surveyed != current else { return }
            surveyed = current
            let models = state.withLock { $0.configured }
            let survey = PlacementSurvey(of: models, prefersTFLite: prefersTFLite, measured: costs.measuredBytes)
            perform { $0.ledger.expect(survey.demands) }
            let plan = plan
            logger.info("The models were planned", metadata: ["plan": "\(plan.summary)"])
            for refusal in plan.refusals {
                logger.warning("A model has no place", metadata: ["reason": "\(refusal.reason)"])
            }
        }
    }

    // MARK: Changes

    private func perform(_ change: (inout State) -> PlacementLedger.Changes) {
        let hasWork = state.withLock { state in
            let changes = change(&state)
            state.moves.formUnion(changes.moved)
            state.renewals.formUnion(changes.homeless.map(\.name))
            state.renewals.formUnion(changes.welcome.map(\.name))
            return !changes.isEmpty
        }
        if hasWork { startWork() }
    }

    /// Moves on one thread: whoever comes meanwhile leaves its work to it.
    private func startWork() {
        let isMine = state.withLock { state in
            defer { state.isAtWork = true }
            return !state.isAtWork
        }
        guard isMine else { return }
        do throws(ServingError) {
            try startThreadIfPossible(named: "placement") { self.work() }
        } catch {
            state.withLock { $0.isAtWork = false }
            logger.error("Models cannot be moved now", metadata: ["error": "\(error)"])
        }
    }

    private func work() {
        while let (moves, renewals) = takeWork() {
            if !renewals.isEmpty { renew.yield(renewals) }
            for id in moves { move(id) }
        }
    }

    private func takeWork() -> (moves: [ServableID], renewals: Set<String>)? {
        state.withLock { state in
            guard !state.moves.isEmpty || !state.renewals.isEmpty else {
                state.isAtWork = false
                return nil
            }
            defer { (state.moves, state.renewals) = ([], []) }
            return (state.moves.sorted { ($0.name, $0.version) < ($1.name, $1.version) }, state.renewals)
        }
    }

    private func move(_ id: ServableID) {
        let (loaded, names) = state.withLock { ($0.loaded[id], $0.ledger.devices(of: id)) }
        let devices = names.compactMap { DeviceName($0) }
        guard let loaded, let model = loaded.model, !devices.isEmpty, model.devices != devices else { return }
        var metadata: Logger.Metadata = [
            "model": "\(id.name)", "version": "\(id.version)", "from": .array(model.devices.map { .string("\($0)") }),
            "to": .array(devices.map { .string("\($0)") }),
        ]
        do throws(ServingError) {
            model.replace(
                with: try devices.map { (device) throws(ServingError) in
                    if let copy = model.copy(on: device) { return copy }
                    return try loaded.engine.load(loaded.request, on: device)
                }
            )
            logger.info("A version was moved", metadata: metadata)
        } catch {
            metadata["error"] = "\(error)"
            logger.error("A version could not be moved; it is loaded anew", metadata: metadata)
            renew.yield([id.name])
        }
    }
}

extension InferenceEngine {
    /// A copy of the model on a device.
    func load(_ request: LoadRequest, on device: DeviceName) throws(ServingError) -> PlacedModel.Copy {
        var request = request
        request.device = device
        return PlacedModel.Copy(try load(request), on: device)
    }
}
