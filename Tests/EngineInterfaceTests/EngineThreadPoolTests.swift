import EngineInterface
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct EngineThreadPoolTests {
    @Test func `jobs of one thread run in order`() async throws {
        let pool = EngineThreadPool(threadCount: 1)
        defer { pool.shutdown() }
        let (numbers, continuation) = AsyncStream<Int>.makeStream()
        for number in 0..<3000 {
            try pool.submit {
                continuation.yield(number)
                if number == 2999 { continuation.finish() }
            }
        }
        var seen: [Int] = []
        for await number in numbers { seen.append(number) }
        #expect(seen == Array(0..<3000))
    }

    @Test func `as many jobs run at once as there are threads, on threads of the pool`() async throws {
        let pool = EngineThreadPool(threadCount: 3)
        defer { pool.shutdown() }
        let gate = Gate()
        let (threads, continuation) = AsyncStream<UInt>.makeStream()
        for _ in 0..<3 {
            try pool.submit {
                continuation.yield(UInt(pthread_self()))
                gate.wait()
            }
        }
        // All three have begun although none can end.
        var seen: Set<UInt> = []
        for await thread in threads.prefix(3) { seen.insert(thread) }
        gate.open()
        #expect(seen.count == 3)
        #expect(!seen.contains(UInt(pthread_self())))
    }

    @Test func `a full queue refuses, and takes jobs again when there is room`() async throws {
        let pool = EngineThreadPool(threadCount: 1, maximumQueuedJobs: 2)
        defer { pool.shutdown() }
        let gate = Gate()
        let (events, event) = AsyncStream<String>.makeStream()
        try pool.submit {
            event.yield("blocked")
            gate.wait()
        }
        _ = await events.first { _ in true }
        try pool.submit {}
        try pool.submit { event.yield("second") }
        #expect(pool.queuedJobs == 2)
        let refusal = "The queue of runs is full: 2 runs wait for 1 engine threads; retry later"
        #expect(throws: ServingError.unavailable(refusal)) { try pool.submit {} }
        gate.open()
        #expect(await events.first { _ in true } == "second")
        try pool.submit { event.yield("third") }
        #expect(await events.first { _ in true } == "third")
        #expect(pool.queuedJobs == 0)
    }

    @Test func `a shutdown lets queued jobs finish and refuses new ones`() async throws {
        let pool = EngineThreadPool(threadCount: 1)
        let gate = Gate()
        let (events, event) = AsyncStream<Int>.makeStream()
        try pool.submit { gate.wait() }
        try pool.submit { event.yield(1) }
        try pool.submit { event.yield(2) }
        pool.shutdown()
        #expect(throws: ServingError.unavailable("The server is shutting down")) { try pool.submit {} }
        gate.open()
        var seen: [Int] = []
        for await number in events.prefix(2) { seen.append(number) }
        #expect(seen == [1, 2])
    }

    @Test func `jobs from many threads each run once`() async throws {
        let pool = EngineThreadPool(threadCount: 2, maximumQueuedJobs: 100_000)
        defer { pool.shutdown() }
        let (numbers, continuation) = AsyncStream<Int>.makeStream()
        await withTaskGroup { group in
            for part in 0..<4 {
                group.addTask {
                    for number in 0..<2000 {
                        do {
                            try pool.submit { continuation.yield(part * 2000 + number) }
                        } catch {
                            Issue.record(error)
                        }
                    }
                }
            }
        }
        var seen: Set<Int> = []
        for await number in numbers.prefix(8000) { seen.insert(number) }
        #expect(seen.count == 8000)
    }
}
