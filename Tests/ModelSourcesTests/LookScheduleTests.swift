import ServingPrimitives
import Testing

@testable import ModelSources

@Suite struct LookScheduleTests {
    private func time(_ nanoseconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    @Test func `watches of one round are due together, those of a later one are not`() {
        var schedule = LookSchedule()
        #expect(schedule.next == nil)
        schedule.add(1, at: time(1010), grid: 20)
        schedule.add(2, at: time(1019), grid: 20)
        schedule.add(3, at: time(1021), grid: 20)
        schedule.add(4, at: time(1005), grid: 0)
        #expect(schedule.next == time(1000))
        #expect(schedule.takeDue(time(999)) == [])
        #expect(schedule.takeDue(time(1000)) == [1, 2])
        #expect(schedule.next == time(1005), "a time that is not to be moved is not")
        #expect(schedule.takeDue(time(2000)) == [4, 3], "those that have waited longest first")
        #expect(schedule.next == nil)
    }

    @Test func `thousands of models that began together are spread over the interval`() {
        let interval: UInt64 = 5_000_000_000
        let tenths = Dictionary(grouping: (1...1000).map { LookRounds.part(of: interval, for: $0) }) {
            $0 / 500_000_000
        }
        #expect(tenths.keys.sorted() == Array(0..<10))
        for (tenth, parts) in tenths { #expect((95...105).contains(parts.count), "tenth \(tenth)") }
    }

    @Test(
        arguments: [
            // Nothing to do; one thread for a few; four at most, however many there are.
            (0, 0, 0, 0), (1, 0, 0, 1), (15, 0, 0, 1), (16, 0, 0, 2), (10_000, 0, 0, 4), (10_000, 3, 0, 1),
            (10_000, 4, 0, 0),
            // Where all that there are hang, one more each time, up to a limit.
            (1, 1, 99_999_999, 0), (1, 1, 100_000_000, 1), (1, 31, 100_000_000, 1), (1, 32, 100_000_000, 0),
            (0, 1, 100_000_000, 0),
        ] as [(Int, Int, UInt64, Int)]
    )
    func `threads are as many as the looks need`(items: Int, threads: Int, idle: UInt64, start: Int) {
        #expect(LookQueue.threadsToStart(items, threads: threads, idleNanoseconds: idle) == start)
    }
}
