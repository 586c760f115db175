import EngineInterface
import Logging
import ModelTools
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Synchronization

/// Devices under a memory budget: versions come to them and go as they are asked for, where the budget's own decisions put
/// them (`CachePlan`). This loads them there, plans ahead, and shows what is where.
final class CachedPlacement: ModelPlacement {
    private struct State {
        var devices: [PlacementDevice]
        /// It owns what owns this.
        weak var manager: ServableManager?
    }

    private let state: Mutex<State>
    private let logger: Logger
    /// Nothing ever loses its place for good.
    let renewals = AsyncStream<Set<String>> { $0.finish() }

    init(devices: [PlacementDevice], logger: Logger) {
        state = Mutex(State(devices: devices))
        self.logger = logger
        logger.info("Models are loaded on devices as they are asked for", metadata: ["devices": Self.list(devices)])
    }

    private static func list(_ devices: [PlacementDevice]) -> Logger.MetadataValue {
        .array(devices.map { .string("\($0.name)=\(ByteCount.text($0.budget))") })
    }

    /// Decides from now on what is where.
    func use(_ manager: ServableManager) { state.withLock { $0.manager = manager } }

    private var manager: ServableManager? { state.withLock { $0.manager } }

    /// What models ask of devices is among the settings of the budget.
    func configure(_ models: [ServerConfiguration.Model]) {}

    func setDevices(_ devices: [PlacementDevice]) {
        state.withLock { $0.devices = devices }
        manager?.setDevices(devices.map(CacheDevice.init))
        logger.info("The devices have changed", metadata: ["devices": Self.list(devices)])
    }

    func load(
        _ id: ServableID,
        _ request: LoadRequest,
        with engine: any InferenceEngine,
        on devices: [String]
    ) throws(ServingError) -> any LoadedModel {
        let copies = try devices.map { (name) throws(ServingError) in
            guard let device = DeviceName(name) else { throw .internalError("\(name) is no name of a device") }
            return try engine.load(request, on: device)
        }
        guard !copies.isEmpty else { throw .internalError("\(id) is to be loaded on no device") }
        return PlacedModel(id, copies, logger: logger) {}
    }

    /// The budget measures by itself.
    func loaded(_ version: AspiredVersion, loadNanoseconds: UInt64) {}

    func hasRefused(_ id: ServableID) -> Bool { false }

    // MARK: Plans

    func planned(anew: Bool) -> PlacementPlan {
        guard let manager else { return PlacementPlan() }
        let known = manager.knownVersions()
        return Self.plan(known, on: state.withLock { $0.devices }, within: manager.budgetForLoadsAhead, anew: anew)
    }

    func apply(anew: Bool) -> PlacementPlan {
        let plan = planned(anew: anew)
        manager?.arrange(
            Dictionary(grouping: plan.assignments) { $0.replica.id }.mapValues { copies in
                copies.sorted { $0.replica < $1.replica }.map(\.device)
            }
        )
        return plan
    }

    /// Keeps in memory what is there, and gives what is left to what rests: the most important first, then what was used
    /// most.
    static func plan(
        _ known: [KnownVersion],
        on devices: [PlacementDevice],
        within limit: Int,
        anew: Bool
    ) -> PlacementPlan {
        let isThere = { (version: KnownVersion) in version.isPinned || !version.devices.isEmpty }
        let resting = known.filter { !isThere($0) }.sorted { a, b in
            (b.priority, b.frequency, a.version.id.name) < (a.priority, a.frequency, b.version.id.name)
        }
        let demands =
            known.filter(isThere).map { PlacementDemand($0, isOptional: false) }
            + resting.map { PlacementDemand($0, isOptional: true) }
        let current = PlacementPlan(
            current: known.flatMap { version in
                version.devices.enumerated().map { index, device in
                    (.init(id: version.version.id, index: index), device, version.cost?.residentBytes ?? 0)
                }
            }
        )
        return PlacementPlanner.plan(demands, on: devices, after: anew ? nil : current, within: limit)
            .compared(with: current)
    }

    // MARK: Metrics

    func show(in registry: MetricRegistry) {
        func show(_ name: String, _ value: @escaping @Sendable (CacheReport.Device) -> Double) {
            registry.collect("apus_device_\(name)", labels: ["device"], type: .gauge) { [weak self] in
                self?.manager?.cacheReport()?.devices?.map { ([$0.device.name], value($0)) } ?? []
            }
        }
        show("budget_bytes") { Double($0.device.budget) }
        show("used_bytes") { Double($0.usedBytes) }
        registry.collect("apus_model_device", labels: ["model", "version", "device"], type: .gauge) { [weak self] in
            (self?.manager?.cacheReport()?.versions ?? []).filter { $0.state == .resident }.flatMap { version in
                version.devices.map { device in
                    ([version.id.name, "\(version.id.version)", device], Double(version.cost?.residentBytes ?? 0))
                }
            }
        }
    }
}

extension CacheDevice {
    init(_ device: PlacementDevice) { self.init(name: device.name, budget: device.budget) }
}

extension PlacementDemand {
    fileprivate init(_ known: KnownVersion, isOptional: Bool) {
        self.init(
            id: known.version.id,
            bytes: known.cost?.residentBytes ?? 0,
            load: known.wishes.load,
            // Copies beyond the first come where there is room for them.
            replicas: isOptional ? max(known.wishes.copies, 1) : max(known.devices.count, known.wishes.pins.count, 1),
            pins: known.wishes.pins,
            together: known.wishes.together,
            apart: known.wishes.apart,
            size: known.cost?.isMeasured ?? false ? .measured : .estimated,
            isOptional: isOptional
        )
    }
}
