import Batching
import ServingConfig
import ServingPrimitives
import Synchronization
import Testing

@testable import ModelServing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct SchedulerGroupsTests {
    private func model(_ name: String, in group: String) -> ServerConfiguration.Model {
        var model = ServerConfiguration.Model(name: name, basePath: "/models/\(name)")
        model.cpuGroup = group
        return model
    }

    /// A queue whose tasks say when they begin, and wait for a word to end.
    private func makeQueue(
        on scheduler: BatchScheduler,
        _ process: @escaping @Sendable (Int) -> Void
    ) -> ScheduledQueue<BatchQueue<Int>> {
        scheduler.makeQueue(BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 1, maximumEnqueuedBatches: 100))) {
            batch in
            for task in batch.tasks { process(task.payload) }
            return .nothing
        }
    }

    @Test func `a batch job that fills its threads leaves the others theirs`() throws {
        let groups = try SchedulerGroups([.init("batch=0.5")], cores: 2)
        defer { for scheduler in groups.schedulers.values { scheduler.shutdown() } }
        groups.configure([model("nightly", in: "batch"), model("shop", in: "")])
        let batch = try #require(try groups.scheduler(of: "nightly"))
        #expect(try groups.scheduler(of: "shop") == nil)
        let interactive = BatchScheduler(threadCount: 2)
        defer { interactive.shutdown() }
        // Half of two cores is one thread: of many jobs that never end one runs, and no more begin.
        let release = DispatchGate()
        let running = Mutex<(now: Int, most: Int)>((0, 0))
        let jobs = makeQueue(on: batch) { _ in
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            release.wait()
            running.withLock { $0.now -= 1 }
        }
        for job in 0..<20 { _ = try jobs.submit(job, TaskTerms(size: 1)) }
        // All that the shop is asked meanwhile is answered, on threads of its own.
        let answered = DispatchGate(count: 50)
        let asked = makeQueue(on: interactive) { _ in answered.open() }
        for call in 0..<50 { _ = try asked.submit(call, TaskTerms(size: 1)) }
        answered.wait()
        #expect(running.withLock { $0.most } <= 1)
        for _ in 0..<20 { release.open() }
    }

    @Test func `nothing of a group runs on the threads that ask`() throws {
        let groups = try SchedulerGroups([.init("batch=1")], cores: 4)
        defer { for scheduler in groups.schedulers.values { scheduler.shutdown() } }
        let scheduler = try #require(groups.schedulers["batch"])
        let names = Mutex<Set<pthread_t>>([])
        let done = DispatchGate(count: 100)
        let queue = makeQueue(on: scheduler) { _ in
            names.withLock { _ = $0.insert(pthread_self()) }
            done.open()
        }
        for job in 0..<100 {
            let result = queue.submit(contentsOf: [(job, TaskTerms(size: 1))], mayRunHere: true)
            #expect(result.batchToRunHere == nil)
        }
        done.wait()
        #expect(names.withLock { !$0.contains(pthread_self()) && $0.count == 1 })
    }

    @Test func `threads are kept to their cores`() throws {
        let core = try #require(ThreadCores.allowed.last)
        let groups = try SchedulerGroups([.init("batch=1@\(core)")], cores: 4)
        defer { for scheduler in groups.schedulers.values { scheduler.shutdown() } }
        let found = Mutex<[Int]>([])
        let done = DispatchGate()
        let queue = makeQueue(on: try #require(groups.schedulers["batch"])) { _ in
            found.withLock { $0 = ThreadCores.allowed }
            done.open()
        }
        _ = try queue.submit(1, TaskTerms(size: 1))
        done.wait()
        #expect(found.withLock { $0 } == [core])
    }

    @Test func `a core that the process may not use, and a group that is not there, are refused`() throws {
        let error = try #require(throws: ServingError.self) {
            _ = try SchedulerGroups([.init("batch=1@1023")], cores: 4)
        }
        #expect(
            error.message.hasPrefix(
                "The CPU group batch is kept to core 1023, which this process may not use; it may use "
            )
        )
        let groups = try SchedulerGroups([], cores: 4)
        groups.configure([model("nightly", in: "batch")])
        #expect(
            throws: ServingError.invalidArgument(
                "Model nightly asks for the CPU group batch, which this server does not have: it has none"
            )
        ) { try groups.scheduler(of: "nightly") }
    }

    @Test(
        arguments: [
            ("batch=0.5", 4, 2), ("batch=0.5", 1, 1), ("batch=0.1", 4, 1), ("batch=2", 4, 2), ("batch=1", 8, 1),
            ("batch=0.75@0-1,3", 4, 3), ("a=b=2", 4, nil), ("batch", 4, nil), ("=1", 4, nil), ("batch=0", 4, nil),
            ("batch=-1", 4, nil), ("batch=nan", 4, nil), ("batch=1@", 4, nil), ("batch=1@3-1", 4, nil),
            ("batch=1@0@1", 4, nil),
        ] as [(String, Int, Int?)]
    )
    func `shares are read, and are threads of at least one`(text: String, cores: Int, threads: Int?) {
        let group = try? ServerConfiguration.CPUGroup(text)
        #expect(group?.threads(cores: cores) == threads)
    }
}

/// Waits until it was opened so many times.
private final class DispatchGate: @unchecked Sendable {
    // Sendable: a semaphore is for many threads.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let count: Int

    init(count: Int = 1) {
        self.count = count
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { sem_post(semaphore) }

    func wait() { for _ in 0..<count { sem_wait(semaphore) } }
}
