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
        /// Bytes of a copy, once it was loaded and measured.
        var measured: Int?
    }

    private(set) var devices: [PlacementDevice]
    private(set) var plan = PlacementPlan()
    private var entries: [ServableID: Entry] = [:]
    private var settings: [String: ServerConfiguration.Model.Placement] = [:]

    init(devices: [PlacementDevice]) {
        self.devices = devices
        plan = planned()
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
        return (devices.isEmpty ? nil : devices, changes)
    }

    /// A version that was being loaded, or was loaded, is gone.
    mutating func end(_ id: ServableID) -> Changes {
        guard entries[id]?.phase == .present else { return Changes() }
        entries[id] = nil
        return change()
    }

    /// What a version was found to take. Counts from the next change on: what runs is not moved for it now.
    mutating func measured(_ bytes: Int, _ id: ServableID) {
        guard entries[id]?.phase == .present else { return }
        entries[id]?.measured = bytes
    }

    /// Carries out what `planned` says now.
    mutating func apply(anew: Bool) -> Changes { change(anew: anew) }

    private mutating func change(anew: Bool = false) -> Changes {
        let before = Dictionary(grouping: plan.assignments) { $0.replica.id }.mapValues { $0.map(\.device) }
        plan = planned(anew: anew)
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

    // MARK: Plans

    /// What the planner would do now. Changes nothing.
    ///
    /// - Parameter anew: as if nothing had a place; what is loaded moves then where that is more even.
    func planned(anew: Bool = false) -> PlacementPlan {
        func planned(_ bytes: (Entry) -> Int) -> PlacementPlan {
            let demands = entries.values.map { entry in
                var demand = entry.demand
                demand.bytes = bytes(entry)
                if demand.bytes == entry.measured { demand.size = .measured }
                return demand
            }
            let ordered = demands.sorted { ($0.id.name, $0.id.version) < ($1.id.name, $1.id.version) }
            return PlacementPlanner.plan(ordered, on: devices, after: anew ? nil : plan)
        }
        let measured = planned { $0.measured ?? $0.demand.bytes }
        let lost = homeless(in: measured)
        guard lost > 0, entries.values.contains(where: { ($0.measured ?? 0) > $0.demand.bytes }) else {
            return measured
        }
        // What runs is not ended because it was found to take some more than it was thought to.
        let asThought = planned { min($0.measured ?? $0.demand.bytes, $0.demand.bytes) }
        return homeless(in: asThought) < lost ? asThought : measured
    }

    /// Versions that are loaded and would have no place.
    private func homeless(in plan: PlacementPlan) -> Int {
        let placed = Set(plan.assignments.map(\.replica.id))
        return entries.reduce(0) { $0 + ($1.value.phase == .present && !placed.contains($1.key) ? 1 : 0) }
    }
}
