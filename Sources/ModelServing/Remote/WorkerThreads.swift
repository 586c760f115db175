import ServingPrimitives

/// A number of threads that run jobs, first come first served. They start with the first job.
final class WorkerThreads: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.
    typealias Job = @Sendable () -> Void

    private let name: String
    private let count: Int
    private let lock = WaitableLock()
    private var jobs: [Job] = []
    /// Where in `jobs` the next one is: taking from the front of an array moves all of it.
    private var next = 0
    private var started = 0
    private var idle = 0
    private var isClosed = false

    init(named name: String, count: Int) {
        self.name = name
        self.count = max(count, 1)
    }

    private enum Submission { case queued, needsThread, refused }

    /// Runs `job` soon; after `close`, now and here.
    func run(_ job: @escaping Job) {
        switch submit(job) {
        case .queued: break
        case .needsThread: startThread(named: name) { [self] in runJobs() }
        case .refused: job()
        }
    }

    private func submit(_ job: @escaping Job) -> Submission {
        lock.withLock {
            guard !isClosed else { return .refused }
            jobs.append(job)
            // A thread that was woken counts as idle until it runs.
            guard jobs.count - next > idle, started < count else {
                lock.wakeOne()
                return .queued
            }
            started += 1
            return .needsThread
        }
    }

    /// Lets the threads end when all jobs are done.
    func close() {
        lock.withLock {
            isClosed = true
            lock.wakeAll()
        }
    }

    private func runJobs() {
        while let job = nextJob() { job() }
    }

    private func nextJob() -> Job? {
        lock.withLock {
            while next == jobs.count {
                if isClosed { return nil }
                idle += 1
                lock.wait()
                idle -= 1
            }
            let job = jobs[next]
            next += 1
            if next == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                next = 0
            }
            return job
        }
    }
}
