import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

@testable import ModelServing

@Suite struct WorkerThreadsTests {
    @Test(.timeLimit(.minutes(1))) func `as many jobs run at a time as there are threads`() async {
        let threads = WorkerThreads(named: "test", count: 3)
        defer { threads.close() }
        // Three jobs that wait for each other: with fewer threads none would end.
        let gates = [Gate(), Gate(), Gate()]
        let (events, event) = AsyncStream<Int>.makeStream()
        for round in 0..<3 {
            threads.run {
                gates[round].open()
                for gate in gates { gate.wait() }
                event.yield(round)
            }
        }
        for round in 3..<100 { threads.run { event.yield(round) } }
        var seen: Set<Int> = []
        for await number in events {
            seen.insert(number)
            if seen.count == 100 { break }
        }
        #expect(seen == Set(0..<100))
    }

    @Test(.timeLimit(.minutes(1)))
    func `what is queued is run before the threads end, and what comes after right away`() async {
        let threads = WorkerThreads(named: "test", count: 1)
        let gate = Gate()
        let (events, event) = AsyncStream<Int>.makeStream()
        threads.run { gate.wait() }
        threads.run { event.yield(1) }
        threads.close()
        let ran = Atomic<Bool>(false)
        threads.run { ran.store(true, ordering: .relaxed) }
        let hasRun = ran.load(ordering: .relaxed)
        #expect(hasRun)
        gate.open()
        for await number in events {
            #expect(number == 1)
            break
        }
    }
}
