import EventLoopSupport
import NIOCore
import NIOEmbedded
import ServingPrimitives
import Synchronization
import Testing

@Suite struct DeadlineTimerTests {
    private final class Waiter: DeadlineQueueElement {
        let deadline: Deadline
        var deadlineQueuePosition: Int?

        init(seconds: UInt64) { deadline = Deadline(MonotonicTime(nanoseconds: seconds * 1_000_000_000)) }
    }

    /// A clock that goes with the event loop's.
    private final class Clock: Sendable {
        private let seconds = Atomic<UInt64>(0)
        let loop = EmbeddedEventLoop()

        @Sendable func now() -> MonotonicTime {
            MonotonicTime(nanoseconds: seconds.load(ordering: .relaxed) * 1_000_000_000)
        }

        func advance(_ span: UInt64) {
            for _ in 0..<span {
                seconds.add(1, ordering: .relaxed)
                loop.advanceTime(by: .seconds(1))
            }
        }
    }

    private let clock = Clock()

    @Test func `every element hears of its own deadline, in order`() {
        var expired: [UInt64] = []
        var batches = 0
        let timer = DeadlineTimer<Waiter>(eventLoop: clock.loop, now: clock.now) {
            expired.append($0.deadline.time.nanoseconds / 1_000_000_000)
        } batchEnded: {
            batches += 1
        }
        for seconds: UInt64 in [5, 3, 9, 3] { timer.watch(Waiter(seconds: seconds)) }
        clock.advance(2)
        #expect(expired == [])
        clock.advance(1)
        #expect(expired == [3, 3])
        #expect(batches == 1)
        clock.advance(10)
        #expect(expired == [3, 3, 5, 9])
    }

    @Test func `an element that was answered is not told, those behind it are`() {
        var expired: [UInt64] = []
        let timer = DeadlineTimer<Waiter>(eventLoop: clock.loop, now: clock.now) {
            expired.append($0.deadline.time.nanoseconds / 1_000_000_000)
        } batchEnded: {
        }
        let first = Waiter(seconds: 2)
        timer.watch(first)
        timer.watch(Waiter(seconds: 4))
        timer.stop(first)
        timer.stop(first)
        clock.advance(3)
        #expect(expired == [])
        clock.advance(3)
        #expect(expired == [4])
    }
}
