/// Tasks of several lanes of one class and priority, in the order of their deadlines: those that are the tenants' turn
/// when not all can be served.
struct MergedTasks: PlannedTasks, Sendable {
    private(set) var entries: [(lane: Int, entry: DeadlineOrder.Entry)] = []
    private(set) var rows = 0

    /// Tasks of `lanes`, about `limit` rows: in turn, the lane that was served least.
    init(_ table: LaneTable, lanes: [Int], limit: Int) {
        var taken = [Int](repeating: 0, count: lanes.count)
        var served = lanes.map { table[$0].served }
        while rows < limit || entries.isEmpty {
            var next: Int?
            for index in lanes.indices where taken[index] < table[lanes[index]].order.count {
                if next.map({ served[index] < served[$0] }) ?? true { next = index }
            }
            guard let next else { break }
            let entry = table[lanes[next]].order[taken[next]]
            entries.append((lanes[next], entry))
            taken[next] += 1
            served[next] += max(Int(entry.rows), 1)
            rows += Int(entry.rows)
        }
        entries.sort { ($0.entry.time, $0.entry.sequence) < ($1.entry.time, $1.entry.sequence) }
    }

    var count: Int { entries.count }
    var hasDeadlines: Bool { entries.contains { $0.entry.deadline < .max } }
    func task(_ index: Int) -> (rows: Int, deadline: UInt64) {
        (Int(entries[index].entry.rows), entries[index].entry.deadline)
    }
}
