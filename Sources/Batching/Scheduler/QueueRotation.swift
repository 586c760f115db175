import ServingPrimitives

/// The queues in which tasks wait, served in turn: who gave a batch goes to the end.
struct QueueRotation {
    enum Step {
        /// A batch to run.
        case work(() -> Void)
        /// Nothing is due before that time; `nil` when no task waits at all.
        case wait(until: MonotonicTime?)
    }

    private var queues: [any QueueEntry] = []

    var isEmpty: Bool { queues.isEmpty }

    /// When the first of the queues is due.
    var dueTime: MonotonicTime? { queues.lazy.compactMap(\.dueTime).min() }

    mutating func add(_ queue: any QueueEntry) {
        queues.append(queue)
        queue.isListed = true
    }

    mutating func next(at now: MonotonicTime) -> Step {
        var earliest: MonotonicTime?
        for index in queues.indices {
            guard let due = queues[index].dueTime else { continue }
            guard due <= now, let work = queues[index].takeWork(at: now) else {
                earliest = min(earliest ?? due, due)
                continue
            }
            let queue = queues.remove(at: index)
            if queue.isEmpty { queue.isListed = false } else { queues.append(queue) }
            return .work(work)
        }
        return .wait(until: earliest)
    }

    func drain() {
        for queue in queues { queue.drain() }
    }
}
