import ServingPrimitives

/// The runs that one event loop has read and not handed on yet: what comes in one turn of the loop is queued together,
/// under one lock and with one wake-up, and where it is short enough it runs right there as one batch.
///
/// It belongs to one thread.
public final class RunIntake {
    private var runs: [QueuedRun] = []
    private let needsFlush: () -> Void

    /// - Parameter needsFlush: called with the first run after a `flush`: to call the next one, when the loop has read
    ///   what there is.
    public init(needsFlush: @escaping () -> Void) { self.needsFlush = needsFlush }

    func add(_ run: QueuedRun) {
        runs.append(run)
        if runs.count == 1 { needsFlush() }
    }

    /// Queues what has come, and answers what runs on this thread.
    public func flush() {
        var waiting = runs
        runs.removeAll(keepingCapacity: true)
        while let first = waiting.first {
            let queue = first.binding.queue
            // All are for one queue most of the time.
            let others =
                waiting.contains { $0.binding.queue != queue } ? waiting.filter { $0.binding.queue != queue } : []
            if !others.isEmpty { waiting.removeAll { $0.binding.queue != queue } }
            queue.submit(waiting, mayRunHere: true)
            waiting = others
        }
    }
}
