import ServingPrimitives
import Synchronization

/// Looks that are due, for threads that make them one after another. A thread that hangs in one of them keeps none of the
/// others: more threads are started where none is taken any more.
final class LookQueue: Sendable {
    typealias Item = (id: UInt64, monitor: BasePathMonitor)

    private struct State {
        var items = FirstInFirstOut<Item>()
        var threads = 0
        var isWatchedOver = false
        /// When an item was last taken, or there was none.
        var movedAt = MonotonicTime(nanoseconds: 0)
    }

    /// For so long no item may have been taken, in nanoseconds, before there is another thread.
    static let patience: UInt64 = 100_000_000
    private static let threadLimit = 32

    private let threads = BlockingThreads(named: "poll", atMost: threadLimit)
    private let state = Mutex(State())
    private let look: @Sendable (Item) -> Void

    /// - Parameter look: may block.
    init(look: @escaping @Sendable (Item) -> Void) { self.look = look }

    func add(_ items: [Item], at now: MonotonicTime) {
        guard !items.isEmpty else { return }
        state.withLock { state in
            if state.items.isEmpty { state.movedAt = now }
            for item in items { state.items.append(item) }
        }
        startThreads(at: now)
    }

    private func startThreads(at now: MonotonicTime) {
        let (count, mustWatchOver) = state.withLock { state in
            let idleNanoseconds = now.nanoseconds(since: state.movedAt)
            let count = Self.threadsToStart(state.items.count, threads: state.threads, idleNanoseconds: idleNanoseconds)
            state.threads += count
            // Each of those that are there may hang.
            let mustWatchOver = !state.isWatchedOver && state.items.count > count
            if mustWatchOver { state.isWatchedOver = true }
            return (count, mustWatchOver)
        }
        for _ in 0..<count { threads.start { self.work() } }
        if mustWatchOver { Task { await watchOver() } }
    }

    /// Has more threads take items where those that are there do not, until all are taken.
    private func watchOver() async {
        while true {
            try? await Task.sleep(nanoseconds: Self.patience)
            let isDone = state.withLock { state in
                if state.items.isEmpty { state.isWatchedOver = false }
                return state.items.isEmpty
            }
            if isDone { return }
            startThreads(at: .now())
        }
    }

    func removeAll() { state.withLock { $0.items = FirstInFirstOut() } }

    /// - Parameters:
    ///   - items: that wait.
    ///   - idleNanoseconds: since the last was taken.
    static func threadsToStart(_ items: Int, threads: Int, idleNanoseconds: UInt64) -> Int {
        guard items > 0 else { return 0 }
        let usual = min(1 + items / 16, 4)
        if threads < usual { return usual - threads }
        return idleNanoseconds >= patience && threads < threadLimit ? 1 : 0
    }

    private func work() {
        while let item = next() { look(item) }
    }

    private func next() -> Item? {
        let now = MonotonicTime.now()
        return state.withLock { state in
            guard let item = state.items.popFirst() else {
                state.threads -= 1
                return nil
            }
            state.movedAt = now
            return item
        }
    }
}
