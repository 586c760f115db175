import Synchronization
import Testing

@testable import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension BlockingThreads {
    fileprivate func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in start { continuation.resume(returning: body()) } }
    }
}

@Suite struct BlockingThreadsTests {
    @Test(.timeLimit(.minutes(1))) func `as many calls run at a time as there are threads`() async {
        let threads = BlockingThreads(named: "test", atMost: 3)
        // Three calls that wait for each other: with fewer threads none would end.
        let gates = (0..<3).map { _ in BlockingResult<Void, Never>() }
        let (events, event) = AsyncStream<Int>.makeStream()
        for round in 0..<3 {
            threads.start {
                gates[round].set(.success(()))
                for gate in gates { _ = gate.wait() }
                event.yield(round)
            }
        }
        for round in 3..<100 { threads.start { event.yield(round) } }
        var seen: Set<Int> = []
        for await number in events {
            seen.insert(number)
            if seen.count == 100 { break }
        }
        #expect(seen == Set(0..<100))
    }

    @Test func `calls that follow each other share a thread`() async {
        let threads = BlockingThreads(named: "test", atMost: 4)
        var seen: Set<UInt> = []
        for _ in 0..<200 {
            seen.insert(await threads.run { UInt(bitPattern: pthread_self().hashValue) })
        }
        // One that has just answered may not be back when the next call comes.
        #expect(!seen.isEmpty && seen.count <= 4)
    }

    @Test func `a call that blocks holds up others only when all threads have one`() async {
        let threads = BlockingThreads(named: "test", atMost: 2)
        let gates = (0..<2).map { _ in BlockingResult<Void, Never>() }
        let begun = (0..<2).map { _ in BlockingResult<Void, Never>() }
        func block(_ index: Int) {
            threads.start {
                begun[index].set(.success(()))
                _ = gates[index].wait()
            }
        }
        block(0)
        _ = begun[0].wait()
        #expect(await threads.run { 7 } == 7)
        block(1)
        _ = begun[1].wait()
        let order = Mutex<[Int]>([])
        let done = BlockingResult<Void, Never>()
        for number in 0..<3 {
            threads.start {
                order.withLock { $0.append(number) }
                if number == 2 { done.set(.success(())) }
            }
        }
        #expect(order.withLock { $0 }.isEmpty, "both threads are blocked")
        gates[0].set(.success(()))
        _ = done.wait()
        #expect(order.withLock { $0 } == [0, 1, 2])
        gates[1].set(.success(()))
    }

    @Test func `a thread without calls ends, and another begins when there is one again`() async {
        let threads = BlockingThreads(named: "test", atMost: 1, idleNanoseconds: 0)
        for number in 0..<50 { #expect(await threads.run { number } == number) }
    }
}
