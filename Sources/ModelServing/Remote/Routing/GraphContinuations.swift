import ServingPrimitives
import Synchronization

/// Threads on which graphs go on with answers: a graph may run for long inside of a completion.
///
/// Answers to one run of a graph come close together. What comes before the graph goes on goes to the same thread: one wake-up
/// for all of them.
final class GraphContinuations: Sendable {
    typealias Body = @Sendable () -> Void

    private let threads: BlockingThreads
    /// Of each run that a thread has, or is about to have, what is still to be done.
    private let waiting = Mutex<[ObjectIdentifier: [Body]]>([:])

    init(named name: String, atMost maximumCount: Int) { threads = BlockingThreads(named: name, atMost: maximumCount) }

    /// Calls `body` on one of the threads, one after the other for each run.
    ///
    /// - Parameter run: `nil` when it is not known.
    func start(for run: ObjectIdentifier?, _ body: @escaping Body) {
        guard let run else { return threads.start(body) }
        let isFirst = waiting.withLock { waiting in
            defer { waiting[run, default: []].append(body) }
            return waiting[run] == nil
        }
        if isFirst { threads.start { self.work(for: run) } }
    }

    private func work(for run: ObjectIdentifier) {
        while let bodies = next(for: run) { for body in bodies { body() } }
    }

    private func next(for run: ObjectIdentifier) -> [Body]? {
        waiting.withLock { waiting in
            guard let bodies = waiting[run], !bodies.isEmpty else {
                waiting[run] = nil
                return nil
            }
            waiting[run] = []
            return bodies
        }
    }
}
