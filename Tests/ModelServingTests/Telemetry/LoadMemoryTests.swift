import Servables
import ServingPrimitives
import Synchronization
import Testing

@testable import ModelServing

@Suite struct LoadMemoryTests {
    private let a = ServableID(name: "a", version: 1)
    private let b = ServableID(name: "b", version: 1)

    /// Answers with one number after the other.
    private func memory(reading numbers: Int?...) -> LoadMemory {
        let rest = Mutex(numbers[...])
        return LoadMemory { rest.withLock { $0.popFirst() ?? nil } }
    }

    @Test func `a version costs what the process grew by`() {
        let memory = memory(reading: 1000, 5000, 5000, 5700)
        #expect(memory.measuring(a) { "loaded" } == "loaded")
        memory.measuring(b) {}
        #expect(memory.growth == [a: 4000, b: 700])
        memory.forget(a)
        #expect(memory.growth == [b: 700])
    }

    @Test func `a version that comes again is counted once in a while`() {
        let readings = Mutex(0)
        let memory = LoadMemory {
            readings.withLock {
                $0 += 1
                return $0 * 100
            }
        }
        memory.measuring(b) {}
        #expect(memory.counts(b), "it brought the engine with it")
        memory.forget(b)
        for load in 0..<32 {
            #expect(memory.counts(a) == (load % 16 == 0))
            memory.measuring(a) {}
            #expect(memory.growth == [a: 100])
            memory.forget(a)
        }
        #expect(readings.withLock { $0 } == 6, "two for each count")
    }

    @Test func `a process that shrank meanwhile grew by nothing`() {
        let memory = memory(reading: 5000, 1000)
        memory.measuring(a) {}
        #expect(memory.growth == [a: 0])
    }

    @Test func `loads that overlap are not known, neither the first nor the second`() {
        let memory = memory(reading: 0, 10, 20, 30, 40, 50)
        memory.measuring(a) { memory.measuring(b) {} }
        #expect(memory.growth.isEmpty)
        memory.measuring(a) {}
        #expect(memory.growth == [a: 10])
    }

    @Test func `a load that fails costs nothing, and does not stand in the way of the next`() {
        let memory = memory(reading: 0, 10, 60)
        #expect(throws: ServingError.self) {
            try memory.measuring(a) { () throws(ServingError) in throw ServingError(.internal, "broken") }
        }
        #expect(memory.growth.isEmpty)
        memory.measuring(b) {}
        #expect(memory.growth == [b: 50])
    }

    @Test(arguments: [[nil, 10], [10, nil]] as [[Int?]])
    func `where the system says nothing nothing is known`(numbers: [Int?]) {
        let memory = memory(reading: numbers[0], numbers[1])
        memory.measuring(a) {}
        #expect(memory.growth.isEmpty)
    }
}
