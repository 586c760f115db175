import Dispatch
import ServingPrimitives
import Synchronization
import Testing

@testable import ModelServing

@Suite struct GraphContinuationsTests {
    private final class Run {}

    /// Order of what was done.
    private final class Record: Sendable {
        private let done = Mutex<[Int]>([])
        let ended = DispatchSemaphore(value: 0)

        func add(_ number: Int) {
            done.withLock { $0.append(number) }
            ended.signal()
        }

        var numbers: [Int] { done.withLock { $0 } }
    }

    @Test func `what comes for one run is done by one thread, in order`() {
        let continuations = GraphContinuations(named: "test", atMost: 4)
        let (run, record, gate) = (Run(), Record(), DispatchSemaphore(value: 0))
        continuations.start(for: ObjectIdentifier(run)) {
            gate.wait()
            record.add(0)
        }
        for number in 1..<10 { continuations.start(for: ObjectIdentifier(run)) { record.add(number) } }
        #expect(record.numbers.isEmpty)
        gate.signal()
        for _ in 0..<10 { record.ended.wait() }
        #expect(record.numbers == Array(0..<10))
        withExtendedLifetime(run) {}
    }

    @Test func `runs do not wait for each other, nor does what belongs to none`() {
        let continuations = GraphContinuations(named: "test", atMost: 4)
        let (one, other, record, gate) = (Run(), Run(), Record(), DispatchSemaphore(value: 0))
        continuations.start(for: ObjectIdentifier(one)) {
            gate.wait()
            record.add(3)
        }
        continuations.start(for: ObjectIdentifier(other)) { record.add(1) }
        record.ended.wait()
        continuations.start(for: nil) { record.add(2) }
        record.ended.wait()
        gate.signal()
        record.ended.wait()
        #expect(record.numbers == [1, 2, 3])
        withExtendedLifetime((one, other)) {}
    }

    @Test func `a run that has ended may be followed by one of the same identity`() {
        let continuations = GraphContinuations(named: "test", atMost: 1)
        let (run, record) = (Run(), Record())
        for number in 0..<1000 {
            continuations.start(for: ObjectIdentifier(run)) { record.add(number) }
            if number % 3 == 0 { record.ended.wait() }
        }
        for _ in 0..<666 { record.ended.wait() }
        #expect(record.numbers == Array(0..<1000))
        withExtendedLifetime(run) {}
    }
}
