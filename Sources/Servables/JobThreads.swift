import ServingPrimitives
import Synchronization

/// Runs blocking jobs on threads made for them, so many at a time, first come first served.
///
/// No job is lost when the system refuses a thread: it waits for one of those there are, or for the next try.
final class JobThreads: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var threads = 0
        var isRetryDue = false
    }

    private let name: String
    private let limit: Int
    private let startThread: ServableManager.ThreadStarter
    private let timer: ServableManager.Timer
    private let state = Mutex(State())
    /// Pause before a thread is asked for again.
    private static let retryNanoseconds: UInt64 = 100_000_000

    init(
        named name: String,
        limit: Int,
        startThread: @escaping ServableManager.ThreadStarter,
        timer: @escaping ServableManager.Timer
    ) {
        self.name = name
        self.limit = max(limit, 1)
        self.startThread = startThread
        self.timer = timer
    }

    /// Runs `job` exactly once, soon.
    func run(_ job: @escaping Job) {
        state.withLock { $0.jobs.append(job) }
        addThread()
    }

    private func addThread() {
        let isNeeded = state.withLock { state in
            guard state.threads < limit, !state.jobs.isEmpty else { return false }
            state.threads += 1
            return true
        }
        guard isNeeded else { return }
        do throws(ServingError) {
            try startThread(name) { self.runJobs() }
        } catch {
            let isFirst = state.withLock { state in
                state.threads -= 1
                defer { state.isRetryDue = true }
                return !state.isRetryDue
            }
            if isFirst { timer(Self.retryNanoseconds) { self.retry() } }
        }
    }

    private func retry() {
        state.withLock { $0.isRetryDue = false }
        addThread()
    }

    private func runJobs() {
        while let job = nextJob() { job() }
    }

    private func nextJob() -> Job? {
        state.withLock { state in
            guard !state.jobs.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.jobs.removeFirst()
        }
    }
}
