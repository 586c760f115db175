/// The tasks of one shape class, priority and tenant.
struct Lane: Sendable {
    struct Key: Sendable, Hashable {
        let shape: Int
        let priority: Int
        let tenant: Int

        init(_ terms: TaskTerms) {
            shape = terms.shape.id
            priority = min(max(terms.priority, -Self.maximumPriority), Self.maximumPriority)
            tenant = terms.tenant & (Self.maximumTenants - 1)
        }

        /// Priorities beyond count as this one.
        private static let maximumPriority = 100
        /// Tenants that are told apart; more share places.
        private static let maximumTenants = 64
    }

    let key: Key
    let shape: ShapeClass
    var order = DeadlineOrder()
    /// Rows that the lane gave to batches, for fair shares between tenants.
    var served = 0

    init(_ key: Key, _ shape: ShapeClass) {
        self.key = key
        self.shape = shape
    }

    var isEmpty: Bool { order.isEmpty }

    /// Whether its first task goes before that of `other`.
    func precedes(_ other: Lane) -> Bool {
        key.priority > other.key.priority
            || key.priority == other.key.priority && order.head.time < other.order.head.time
    }
}

/// All lanes of a queue, found by key.
struct LaneTable: Sendable {
    /// Empty lanes are kept up to so many lanes: the next task of their kind needs no memory.
    private static let keptLanes = 64
    private static let scannedLanes = 8

    private(set) var lanes: [Lane] = []
    private var indices: [Lane.Key: Int] = [:]

    subscript(index: Int) -> Lane {
        get { lanes[index] }
        _modify { yield &lanes[index] }
    }

    var indexRange: Range<Int> { lanes.indices }

    func index(of key: Lane.Key) -> Int? {
        lanes.count <= Self.scannedLanes ? lanes.firstIndex { $0.key == key } : indices[key]
    }

    mutating func findOrAdd(_ key: Lane.Key, _ shape: ShapeClass) -> Int {
        if let index = index(of: key) {
            if lanes[index].isEmpty { join(index) }
            return index
        }
        if lanes.count >= Self.keptLanes { forgetEmptyLanes() }
        lanes.append(Lane(key, shape))
        indices[key] = lanes.count - 1
        join(lanes.count - 1)
        return lanes.count - 1
    }

    /// A tenant that begins to ask has no claim from before.
    private mutating func join(_ index: Int) {
        var least = Int.max
        for other in lanes where !other.isEmpty && other.key.shape == lanes[index].key.shape {
            least = min(least, other.served)
        }
        if least < .max { lanes[index].served = max(lanes[index].served, least) }
    }

    private mutating func forgetEmptyLanes() {
        guard lanes.lazy.filter(\.isEmpty).count * 2 >= lanes.count else { return }
        lanes.removeAll(where: \.isEmpty)
        indices.removeAll(keepingCapacity: true)
        for (index, lane) in lanes.enumerated() { indices[lane.key] = index }
    }

    /// The lane whose first task goes first.
    var mostUrgent: Int? {
        var best: Int?
        for index in lanes.indices where !lanes[index].isEmpty {
            if best.map({ lanes[index].precedes(lanes[$0]) }) ?? true { best = index }
        }
        return best
    }
}
