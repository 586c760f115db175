import ServingPrimitives
import Synchronization
import Testing

@testable import ModelServing

@Suite struct DeadlineWatchTests {
    private let watch = DeadlineWatch()

    private func soon(_ milliseconds: UInt64) -> Deadline {
        .after(nanoseconds: milliseconds * 1_000_000, from: .now())
    }

    @Test(.timeLimit(.minutes(1))) func `calls back in the order of the deadlines`() async {
        defer { watch.close() }
        let (events, event) = AsyncStream<Int>.makeStream()
        let far = soon(60_000)
        _ = watch.add(far) { event.yield(9) }
        _ = watch.add(soon(30)) { event.yield(2) }
        _ = watch.add(soon(1)) { event.yield(1) }
        _ = watch.add(.never) { event.yield(8) }
        var seen: [Int] = []
        for await number in events {
            seen.append(number)
            if seen.count == 2 { break }
        }
        #expect(seen == [1, 2])
    }

    @Test(.timeLimit(.minutes(1))) func `what has passed is called, what was taken back is not`() async {
        defer { watch.close() }
        let (events, event) = AsyncStream<Int>.makeStream()
        let cancel = watch.add(soon(20)) { event.yield(1) }
        cancel()
        cancel()
        _ = watch.add(soon(40)) { event.yield(2) }
        var first: Int?
        for await number in events {
            first = number
            break
        }
        #expect(first == 2)
        _ = watch.add(Deadline(MonotonicTime(nanoseconds: 1))) { event.yield(3) }
        for await number in events {
            first = number
            break
        }
        #expect(first == 3)
    }
}
