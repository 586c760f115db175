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
        public var isPinned = false
        /// The device it was on in the previous plan, when it is another one.
        public var previousDevice: String?
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
        /// A sentence with the figures.
        public var reason: String
    }

    /// In the order of the request.
    public internal(set) var devices: [DeviceTotal] = []
    /// By device, in the order of the request, then by name.
    public internal(set) var assignments: [Assignment] = []
    /// By name.
    public internal(set) var refusals: [Refusal] = []

    public init() {}

    /// The assignments whose device is another one than before.
    public var moves: [Assignment] { assignments.filter { $0.previousDevice != nil } }

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
