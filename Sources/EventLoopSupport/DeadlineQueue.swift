public import ServingPrimitives

/// Something that waits for a deadline and knows its own place in the queue.
public protocol DeadlineQueueElement: AnyObject, SendableMetatype {
    var deadline: Deadline { get }
    /// Kept by the queue; `nil` while the element is in none.
    var deadlineQueuePosition: Int? { get set }
}

/// Elements by deadline, earliest first: a binary heap whose elements know their position, so that a finished call
/// leaves at once instead of being kept until its deadline.
///
/// An event loop's own timers would need a search through all of them for each call that is answered in time.
public struct DeadlineQueue<Element: DeadlineQueueElement> {
    @usableFromInline var heap: [Element] = []

    @inlinable public init() {}

    public var isEmpty: Bool { heap.isEmpty }
    public var count: Int { heap.count }

    /// When the first element's time is up.
    @inlinable public var earliest: Deadline? { heap.first?.deadline }

    /// Adds an element that is in no queue.
    @inlinable
    public mutating func insert(_ element: Element) {
        precondition(element.deadlineQueuePosition == nil, "an element waits for its deadline only once")
        heap.append(element)
        element.deadlineQueuePosition = heap.count - 1
        siftUp(heap.count - 1)
    }

    /// Takes an element out; does nothing when it is not in the queue.
    @inlinable
    public mutating func remove(_ element: Element) {
        guard let position = element.deadlineQueuePosition else { return }
        element.deadlineQueuePosition = nil
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        last.deadlineQueuePosition = position
        siftDown(position)
        siftUp(position)
    }

    /// Takes out the first element if its deadline has passed at `now`.
    @inlinable
    public mutating func popExpired(at now: MonotonicTime) -> Element? {
        guard let first = heap.first, first.deadline.hasPassed(at: now) else { return nil }
        remove(first)
        return first
    }

    @inlinable
    mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(child, parent) else { return }
            exchange(child, parent)
            child = parent
        }
    }

    @inlinable
    mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var first = parent
            for child in (2 * parent + 1)...(2 * parent + 2) where child < heap.count && isBefore(child, first) {
                first = child
            }
            guard first != parent else { return }
            exchange(first, parent)
            parent = first
        }
    }

    @inlinable
    func isBefore(_ a: Int, _ b: Int) -> Bool { heap[a].deadline.time < heap[b].deadline.time }

    @inlinable
    mutating func exchange(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        heap[a].deadlineQueuePosition = a
        heap[b].deadlineQueuePosition = b
    }
}
