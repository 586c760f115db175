import Servables

/// A question to the planner, in numbers: pieces that go to one device as a whole, and devices by index.
struct PlacementProblem {
    /// One replica of one version, or of all versions that belong together.
    struct Piece {
        /// Which pieces are replicas of each other.
        var unit: Int
        var replica: Int
        /// Indexes of demands.
        var members: [Int]
        var bytes: Int
        var load: Double
        /// All of its members are.
        var isOptional: Bool
        /// The device that was decided, `nil` for none.
        var pin: Pin?
        /// No two pieces with a key in common go to one device.
        var keys: [Int]
        /// The device it is on in the previous plan.
        var previous: Int?
    }

    enum Pin: Hashable {
        case device(Int)
        /// There is no device of that name.
        case unknown(String)
        /// Versions that belong together are pinned to different devices.
        case contradiction(String, String)
        /// Versions that belong together must stay apart.
        case forbidden(String)
    }

    let demands: [PlacementDemand]
    let devices: [PlacementDevice]
    private(set) var pieces: [Piece] = []
    /// Demands of each unit.
    private(set) var units: [[Int]] = []
    /// Where each replica is in the previous plan.
    private let previous: [PlacementPlan.Replica: Int]

    /// Pieces that no pin holds, by what they take of all there is, the largest first.
    private(set) var movable: [Int] = []
    let totalLoad: Double
    let totalBytes: Double

    init(_ demands: [PlacementDemand], _ devices: [PlacementDevice], _ previous: PlacementPlan?) {
        let indexes = Dictionary(devices.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let demands = demands.map(\.completed)
        self.demands = demands
        self.devices = devices
        self.previous = Dictionary(
            (previous?.assignments ?? []).compactMap { assignment in
                indexes[assignment.device].map { (assignment.replica, $0) }
            }
        ) { first, _ in first }
        totalLoad = demands.reduce(0) { $0 + $1.load }
        totalBytes = demands.reduce(0) { $0 + Double($1.bytes) * Double($1.replicas) }
        units = Self.units(of: demands)
        var keys = Keys()
        for unit in units.indices { addPieces(of: unit, indexes, &keys) }
        movable = pieces.indices.filter { pieces[$0].pin == nil && !pieces[$0].isOptional }.sorted { isLarger($0, $1) }
    }

    /// Demands that belong together, in the order of their first.
    private static func units(of demands: [PlacementDemand]) -> [[Int]] {
        var units: [[Int]] = []
        var groups: [String: Int] = [:]
        for index in demands.indices {
            guard let group = demands[index].together else {
                units.append([index])
                continue
            }
            if let unit = groups[group] {
                units[unit].append(index)
            } else {
                groups[group] = units.count
                units.append([index])
            }
        }
        return units
    }

    /// Numbers for what keeps pieces apart.
    private struct Keys {
        private var known: [String: Int] = [:]
        private var count = 0

        mutating func new() -> Int {
            count += 1
            return count
        }

        mutating func key(_ text: String) -> Int {
            if let key = known[text] { return key }
            let key = new()
            known[text] = key
            return key
        }
    }

    private mutating func addPieces(of unit: Int, _ indexes: [String: Int], _ keys: inout Keys) {
        let members = units[unit]
        let replicas = members.map { demands[$0].replicas }.max() ?? 1
        let mayHaveReplicas = members.contains { demands[$0].maximumReplicas > 1 }
        let ownKeys = mayHaveReplicas ? [keys.new()] : []
        for replica in 0..<replicas {
            let present = members.filter { replica < demands[$0].replicas }
            let groups = present.compactMap { demands[$0].apart }
            pieces.append(
                Piece(
                    unit: unit,
                    replica: replica,
                    members: present,
                    bytes: present.reduce(0) { $0.addingSaturating(demands[$1].bytes) },
                    load: present.reduce(0) { $0 + demands[$1].load / Double(demands[$1].replicas) },
                    isOptional: present.allSatisfy { demands[$0].isOptional },
                    pin: pin(of: present, replica, groups, indexes),
                    keys: ownKeys + Set(groups).sorted().map { keys.key($0) },
                    previous: present.compactMap { previousDevice(of: $0, replica) }.first
                )
            )
        }
    }

    private func pin(_ name: String, _ indexes: [String: Int]) -> Pin {
        indexes[name].map { .device($0) } ?? .unknown(name)
    }

    private func pin(of members: [Int], _ replica: Int, _ groups: [String], _ indexes: [String: Int]) -> Pin? {
        if Set(groups).count < groups.count, let group = groups.sorted().adjacentEqual { return .forbidden(group) }
        let names = members.compactMap { replica < demands[$0].pins.count ? demands[$0].pins[replica] : nil }
        guard let first = names.first else { return nil }
        if let other = names.first(where: { $0 != first }) { return .contradiction(first, other) }
        return pin(first, indexes)
    }

    func previousDevice(of demand: Int, _ replica: Int) -> Int? {
        previous.isEmpty ? nil : previous[.init(id: demands[demand].id, index: replica)]
    }

    /// By the larger share of memory and load that a piece takes; names decide where that is the same.
    private func isLarger(_ a: Int, _ b: Int) -> Bool {
        let (shareA, shareB) = (share(pieces[a]), share(pieces[b]))
        if shareA != shareB { return shareA > shareB }
        if pieces[a].bytes != pieces[b].bytes { return pieces[a].bytes > pieces[b].bytes }
        return PlacementPlan.Replica(pieces[a], self) < PlacementPlan.Replica(pieces[b], self)
    }

    private func share(_ piece: Piece) -> Double {
        max(
            totalBytes > 0 ? Double(piece.bytes) / totalBytes : 0,
            totalLoad > 0 ? piece.load / totalLoad : 0
        )
    }

    /// The load that each device would carry if it could be cut into any pieces.
    var fairLoad: Double { totalLoad / Double(max(devices.count, 1)) }
}

extension PlacementPlan.Replica {
    /// Of the first version of a piece.
    init(_ piece: PlacementProblem.Piece, _ problem: PlacementProblem) {
        // A piece has at least one member.
        self.init(id: problem.demands[piece.members[0]].id, index: piece.replica)
    }
}

extension Int {
    func addingSaturating(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension [String] {
    /// The first element that is equal to the one after it.
    fileprivate var adjacentEqual: String? { zip(self, dropFirst()).first { $0 == $1 }?.0 }
}
