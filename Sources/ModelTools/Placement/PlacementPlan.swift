public import Servables

/// Which model version is where, and which is nowhere and why.
public struct PlacementPlan: Sendable, Hashable {
    /// One copy of one version.
    public struct Replica: Sendable, Hashable, Comparable {
        public var id: ServableID
        /// From 0.
        public var index: Int

        public init(id: ServableID, index: Int = 0) {
            self.id = id
            self.index = index
        }

        public static func < (a: Self, b: Self) -> Bool {
            (a.id.name, a.id.version, a.index) < (b.id.name, b.id.version, b.index)
        }
    }

    public struct Assignment: Sendable, Hashable {
        public var replica: Replica
        public var device: String
        public var bytes: Int
        /// Its part of the version's load.
        public var load: Double
        /// Where `bytes` comes from.
        public var size = PlacementDemand.Size.given
        public var isPinned = false
        /// The device it was on in the previous plan, when it is another one.
        public var previousDevice: String?
        /// It has been nowhere before, as far as the plan was compared with what is.
        public var isNew = false
    }

    public struct DeviceTotal: Sendable, Hashable {
        public var device: PlacementDevice
        public var bytes = 0
        public var load = 0.0
        public var replicas = 0

        public var free: Int { device.budget - bytes }
    }

    /// What has no place.
    public struct Refusal: Sendable, Hashable {
        public var replica: Replica
        public var bytes: Int
        /// Where `bytes` comes from.
        public var size = PlacementDemand.Size.given
        /// A sentence with the figures.
        public var reason: String
    }

    /// In the order of the request.
    public internal(set) var devices: [DeviceTotal] = []
    /// By device, in the order of the request, then by name.
    public internal(set) var assignments: [Assignment] = []
    /// By name.
    public internal(set) var refusals: [Refusal] = []

    /// Optional versions without a place, for which there might be one if others left. By name.
    public internal(set) var resting: [Replica] = []

    public init() {}

    /// The assignments whose device is another one than before.
    public var moves: [Assignment] { assignments.filter { $0.previousDevice != nil } }

    /// What is where now, to plan after it.
    public init(current: [(replica: Replica, device: String, bytes: Int)]) {
        assignments = current.map { Assignment(replica: $0.replica, device: $0.device, bytes: $0.bytes, load: 0) }
    }

    /// The plan with what it changes of another one: which replicas move, and which are new.
    public func compared(with before: PlacementPlan) -> PlacementPlan {
        let places = Dictionary(before.assignments.map { ($0.replica, $0.device) }) { first, _ in first }
        var plan = self
        for index in plan.assignments.indices {
            let place = places[plan.assignments[index].replica]
            plan.assignments[index].previousDevice = place == plan.assignments[index].device ? nil : place
            plan.assignments[index].isNew = place == nil
        }
        return plan
    }

    /// Whether it is what it was compared with.
    public var changesNothing: Bool { assignments.allSatisfy { $0.previousDevice == nil && !$0.isNew } }

    /// The devices of a version, by replica. Empty when it has no place.
    public func devices(of id: ServableID) -> [String] {
        assignments.filter { $0.replica.id == id }.sorted { $0.replica < $1.replica }.map(\.device)
    }

    /// Why a version has no place at all; `nil` for one that has, and for one that is not in the plan.
    public func refusal(of id: ServableID) -> Refusal? {
        guard !assignments.contains(where: { $0.replica.id == id }) else { return nil }
        return refusals.first { $0.replica.id == id }
    }
}
