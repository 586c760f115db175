import ServingPrimitives

/// The queues in which tasks wait, and whose turn it is.
///
/// Priorities first; among queues of the same one, weighted fair shares of engine time between groups; among groups
/// whose shares differ by less than `slack`, the task whose deadline is first. A group that got nothing for `patience`
/// gets the next batch whatever its priority, so that nobody starves.
struct FairRotation {
    /// Engine time, in nanoseconds of a group of weight 1, by which groups may run ahead of each other.
    static let slack = 10_000_000.0
    /// Nanoseconds without a batch after which a group goes first.
    static let patience: UInt64 = 500_000_000

    private(set) var queues: [any QueueEntry] = []
    /// The time of the account that was served last: a group that begins to ask starts there, and has no claim from
    /// before.
    private var time = 0.0

    var isEmpty: Bool { queues.isEmpty }

    /// When the first of the queues is due.
    var dueTime: MonotonicTime? {
        var earliest: MonotonicTime?
        for queue in queues {
            guard let due = queue.dueTime else { continue }
            earliest = min(earliest ?? due, due)
        }
        return earliest
    }

    mutating func add(_ queue: any QueueEntry, at now: MonotonicTime) {
        queues.append(queue)
        queue.isListed = true
        let account = queue.account
        if account.listedQueues == 0 {
            account.time = max(account.time, time)
            account.waitsSince = now.nanoseconds
        }
        account.listedQueues += 1
    }

    /// The queue to ask for a batch; `nil` when none is due.
    func next(at now: MonotonicTime) -> Int? {
        if queues.count == 1 { return isDue(queues[0], now) ? 0 : nil }
        var priority = Int.min
        var least = Double.infinity
        var neglected: Int?
        for index in queues.indices where isDue(queues[index], now) {
            let account = queues[index].account
            if now.nanoseconds > account.waitsSince &+ Self.patience,
                neglected.map({ queues[$0].account.waitsSince > account.waitsSince }) ?? true
            {
                neglected = index
            }
            let own = queues[index].urgency.priority
            if own > priority {
                priority = own
                least = account.time
            } else if own == priority {
                least = min(least, account.time)
            }
        }
        return neglected ?? mostUrgent(priority: priority, upTo: least + Self.slack, now)
    }

    private func mostUrgent(priority: Int, upTo limit: Double, _ now: MonotonicTime) -> Int? {
        var best: Int?
        var bestTime = UInt64.max
        var bestAccount = Double.infinity
        for index in queues.indices where isDue(queues[index], now) {
            let urgency = queues[index].urgency
            let account = queues[index].account.time
            guard urgency.priority == priority, account <= limit else { continue }
            guard (urgency.time.nanoseconds, account) < (bestTime, bestAccount) || best == nil else { continue }
            best = index
            bestTime = urgency.time.nanoseconds
            bestAccount = account
        }
        return best
    }

    private func isDue(_ queue: any QueueEntry, _ now: MonotonicTime) -> Bool {
        queue.dueTime.map { $0 <= now } ?? false
    }

    /// The queue gave a batch: it goes to the end, or leaves if nothing waits in it any more.
    mutating func served(_ index: Int, at now: MonotonicTime) {
        let queue = queues.remove(at: index)
        let account = queue.account
        account.waitsSince = now.nanoseconds
        time = max(time, account.time)
        if queue.isEmpty { unlist(queue) } else { queues.append(queue) }
    }

    /// Forgets a queue whose last task was cancelled.
    mutating func removeIfEmpty(_ queue: any QueueEntry) {
        guard queue.isListed, queue.isEmpty, let index = queues.firstIndex(where: { $0 === queue }) else { return }
        queues.remove(at: index)
        unlist(queue)
    }

    private func unlist(_ queue: any QueueEntry) {
        queue.isListed = false
        queue.account.listedQueues -= 1
    }

    func drain() {
        for queue in queues { queue.drain() }
    }
}
