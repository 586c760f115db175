import Batching
import ServingPrimitives

/// A queue of runs of either kind.
enum RunQueue: Sendable {
    /// As TensorFlow Serving batches, with the parameters it was given.
    case parameters(ScheduledQueue<BatchQueue<QueuedRun>>)
    case adaptive(ScheduledQueue<AdaptiveQueue<QueuedRun>>)

    /// Whether it is kept to TensorFlow Serving's rules.
    var followsParameters: Bool {
        switch self {
        case .parameters: true
        case .adaptive: false
        }
    }

    /// Queues runs. Those that are refused are answered; the others later on a thread of the scheduler, or before this
    /// returns where the caller's thread may run them and that is best.
    func submit(_ runs: [QueuedRun], mayRunHere: Bool) {
        switch self {
        case .parameters(let queue): Self.submit(runs, to: queue, mayRunHere: mayRunHere)
        case .adaptive(let queue): Self.submit(runs, to: queue, mayRunHere: mayRunHere)
        }
    }

    /// Takes a run that waits out of the queue, or the rest of one that was split. Returns whether something waited.
    func cancel(_ ticket: TaskTicket) -> Bool {
        switch self {
        case .parameters(let queue): queue.cancel(ticket) != nil
        case .adaptive(let queue): queue.cancel(ticket) != nil
        }
    }

    /// A run outside of the queue (a warm-up) took that long.
    func learn(_ shape: ShapeClass, rows: Int, nanoseconds: UInt64) {
        switch self {
        case .parameters(let queue): queue.learn(shape, rows: rows, nanoseconds: nanoseconds)
        case .adaptive(let queue): queue.learn(shape, rows: rows, nanoseconds: nanoseconds)
        }
    }

    var explanation: QueueExplanation {
        switch self {
        case .parameters(let queue): queue.explanation()
        case .adaptive(let queue): queue.explanation()
        }
    }
}

extension RunQueue {
    private static func submit<Queue: BatchForming<QueuedRun>>(
        _ runs: [QueuedRun],
        to queue: ScheduledQueue<Queue>,
        mayRunHere: Bool
    ) {
        var tasks: [(payload: QueuedRun, terms: TaskTerms)] = []
        tasks.reserveCapacity(runs.count)
        for run in runs where !run.isAnswered { tasks.append((run, run.terms)) }
        guard !tasks.isEmpty else { return }
        let submission = queue.submit(contentsOf: tasks, mayRunHere: mayRunHere)
        for index in tasks.indices { tasks[index].payload.ticket = submission.tickets[index] }
        for (index, refusal) in submission.refused { tasks[index].payload.fail(refusal.error) }
        if let lease = submission.batchToRunHere { queue.run(lease) }
    }
}

extension RunQueue: Equatable {
    static func == (a: RunQueue, b: RunQueue) -> Bool {
        switch (a, b) {
        case (.parameters(let a), .parameters(let b)): a === b
        case (.adaptive(let a), .adaptive(let b)): a === b
        default: false
        }
    }
}
