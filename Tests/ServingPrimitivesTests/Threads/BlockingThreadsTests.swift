import Synchronization
import Testing

@testable import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct BlockingThreadsTests {
    @Test func `calls that follow each other share a thread`() async {
        let threads = BlockingThreads(named: "test", atMost: 4)
        var seen: Set<UInt> = []
        for _ in 0..<200 {
            guard let id = await threads.run({ UInt(bitPattern: pthread_self().hashValue) }) else { continue }
            seen.insert(id)
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

    @Test func `a cancelled call that has not begun is not made`() async {
        let threads = BlockingThreads(named: "test", atMost: 1)
        let gate = BlockingResult<Void, Never>()
        threads.start { _ = gate.wait() }
        let isMade = Mutex(false)
        let task = Task { await threads.run { isMade.withLock { $0 = true } } == nil }
        task.cancel()
        #expect(await task.value)
        gate.set(.success(()))
        #expect(await threads.run { true } == true, "what comes after it is")
        #expect(!isMade.withLock { $0 })
    }
}
