import EventLoopSupport
import ServingPrimitives
import Testing

private final class Waiter: DeadlineQueueElement {
    let deadline: Deadline
    var deadlineQueuePosition: Int?

    init(_ nanoseconds: UInt64) { deadline = Deadline(MonotonicTime(nanoseconds: nanoseconds)) }
}

private func expired(_ queue: inout DeadlineQueue<Waiter>, at nanoseconds: UInt64) -> [UInt64] {
    var times: [UInt64] = []
    while let waiter = queue.popExpired(at: MonotonicTime(nanoseconds: nanoseconds)) {
        times.append(waiter.deadline.time.nanoseconds)
    }
    return times
}

struct DeadlineQueueTests {
    @Test func `elements expire in the order of their deadlines and not before`() {
        var queue = DeadlineQueue<Waiter>()
        for time: UInt64 in [5, 3, 9, 1, 7, 3] { queue.insert(Waiter(time)) }
        #expect(queue.earliest?.time.nanoseconds == 1)
        #expect(expired(&queue, at: 0) == [])
        #expect(expired(&queue, at: 5) == [1, 3, 3, 5])
        #expect(expired(&queue, at: 100) == [7, 9])
        #expect(queue.isEmpty)
    }

    @Test func `removing an element twice or one that expired does nothing`() {
        var queue = DeadlineQueue<Waiter>()
        let first = Waiter(1)
        let second = Waiter(2)
        queue.insert(first)
        queue.insert(second)
        queue.remove(second)
        queue.remove(second)
        #expect(expired(&queue, at: 9) == [1])
        queue.remove(first)
        #expect(queue.isEmpty)
    }

    @Test func `a queue with random removals behaves like a sorted list`() {
        var random = SystemRandomNumberGenerator()
        var queue = DeadlineQueue<Waiter>()
        var waiting: [Waiter] = []
        for _ in 0..<2000 {
            if waiting.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
                let waiter = Waiter(UInt64.random(in: 0..<500, using: &random))
                queue.insert(waiter)
                waiting.append(waiter)
            } else {
                queue.remove(waiting.remove(at: Int.random(in: waiting.indices, using: &random)))
            }
            #expect(queue.earliest?.time == waiting.map(\.deadline.time).min())
        }
        #expect(queue.count == waiting.count)
        #expect(expired(&queue, at: 500) == waiting.map(\.deadline.time.nanoseconds).sorted())
    }
}
