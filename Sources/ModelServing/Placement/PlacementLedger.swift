import ModelTools
import Servables
import ServingConfig

/// What is to be where: the versions that are expected, loaded and refused, and the plan for them. A plain value; it knows
/// no engine and no thread.
struct PlacementLedger {
    /// What a change means for versions that are loaded or were refused.
    struct Changes: Hashable {
        /// Loaded, and planned for other devices now.
        var moved: Set<ServableID> = []
        /// Loaded, and without any place now.
        var homeless: Set<ServableID> = []
        /// Refused before, with a place now.
        var welcome: Set<ServableID> = []

        var isEmpty: Bool { moved.isEmpty && homeless.isEmpty && welcome.isEmpty }
    }

    private enum Phase: Hashable {
        /// A look at the folders found it; its place is kept.
        case expected
        /// Being loaded, or loaded.
        case present
        case refused
    }

    private struct Entry {
        var demand: PlacementDemand
        var phase: Phase
    }

    private(set) var devices: [PlacementDevice]
    private(set) var plan = PlacementPlan()
    private var entries: [ServableID: Entry] = [:]
    private var settings: [String: ServerConfiguration.Model.Placement] = [:]

    private let keepsPlaces: Bool

    /// - Parameter keepsPlaces: whether what was refused waits for a place.
    init(devices: [PlacementDevice], keepsPlaces: Bool = true) {
        self.devices = devices
        self.keepsPlaces = keepsPlaces
        replan()
    }

    /// What is known of a version's size; `nil` for one that was never seen.
    func bytes(of id: ServableID) -> Int? { entries[id]?.demand.bytes }

    func devices(of id: ServableID) -> [String] { plan.devices(of: id) }

    func hasRefused(_ id: ServableID) -> Bool { entries[id]?.phase == .refused }

    func settings(of model: String) -> ServerConfiguration.Model.Placement { settings[model] ?? .init() }

    // MARK: Changes

    /// The models that are configured are these now.
    mutating func configure(_ models: [ServerConfiguration.Model]) -> Changes {
        settings = Dictionary(models.map { ($0.name, $0.placement) }) { first, _ in first }
        for (id, entry) in entries {
            if let placement = settings[id.name] {
                entries[id]?.demand.apply(placement)
            } else if entry.phase != .present {
                entries[id] = nil
            }
        }
        return change()
    }

    /// These versions will be loaded, and no others of what was expected.
    mutating func expect(_ demands: [PlacementDemand]) -> Changes {
        let ids = Set(demands.map(\.id))
        for (id, entry) in entries where entry.phase != .present && !ids.contains(id) { entries[id] = nil }
        for demand in demands where entries[demand.id] == nil {
            entries[demand.id] = Entry(demand: demand, phase: .expected)
        }
        return change()
    }

    mutating func setDevices(_ devices: [PlacementDevice]) -> Changes {
        self.devices = devices
        return change()
    }

    /// A version is about to be loaded.
    ///
    /// - Returns: `nil` for the devices of one that has no place: it counts as refused until it has.
    mutating func begin(_ demand: PlacementDemand) -> (devices: [String]?, changes: Changes) {
        entries[demand.id] = Entry(demand: demand, phase: .expected)
        let changes = change()
        let devices = devices(of: demand.id)
        entries[demand.id]?.phase = devices.isEmpty ? .refused : .present
        if devices.isEmpty, !keepsPlaces { entries[demand.id] = nil }
        return (devices.isEmpty ? nil : devices, changes)
    }

    /// A version that was being loaded, or was loaded, is gone.
    mutating func end(_ id: ServableID) -> Changes {
        guard entries[id]?.phase == .present else { return Changes() }
        entries[id] = nil
        return change()
    }

    private mutating func change() -> Changes {
        let before = Dictionary(grouping: plan.assignments) { $0.replica.id }.mapValues { $0.map(\.device) }
        replan()
        let after = Dictionary(grouping: plan.assignments) { $0.replica.id }.mapValues { $0.map(\.device) }
        var changes = Changes()
        for (id, entry) in entries {
            switch entry.phase {
            case .expected: break
            case .present where after[id] == before[id]: break
            case .present where after[id] == nil: changes.homeless.insert(id)
            case .present: changes.moved.insert(id)
            case .refused where after[id] != nil:
                changes.welcome.insert(id)
                entries[id]?.phase = .expected
            case .refused: break
            }
        }
        return changes
    }

    private mutating func replan() {
        let demands = entries.values.map(\.demand).sorted { ($0.id.name, $0.id.version) < ($1.id.name, $1.id.version) }
        plan = PlacementPlanner.plan(demands, on: devices, after: plan)
    }
}
