public import NIOCore
public import ServingPrimitives

/// Watches the deadlines of an event loop's requests with one timer.
///
/// Inlinable, with its queue, to be specialized for the one kind of element that a frontend has.
public final class DeadlineTimer<Element: DeadlineQueueElement>: @unchecked Sendable {
    // Sendable so that the event loop can keep it; used on the loop only.
    @usableFromInline let eventLoop: any EventLoop
    @usableFromInline let now: @Sendable () -> MonotonicTime
    @usableFromInline var queue = DeadlineQueue<Element>()
    @usableFromInline var timer: (deadline: Deadline, task: Scheduled<Void>)?
    @usableFromInline let expired: (Element) -> Void
    @usableFromInline let batchEnded: () -> Void

    /// - Parameters:
    ///   - expired: called with each element whose deadline has passed; it is not watched any more then.
    ///   - batchEnded: called after all that expired together.
    @inlinable
    public init(
        eventLoop: any EventLoop,
        now: @escaping @Sendable () -> MonotonicTime,
        expired: @escaping (Element) -> Void,
        batchEnded: @escaping () -> Void
    ) {
        self.eventLoop = eventLoop
        self.now = now
        self.expired = expired
        self.batchEnded = batchEnded
    }

    /// Watches an element until `stop`.
    @inlinable
    public func watch(_ element: Element) {
        queue.insert(element)
        arm()
    }

    /// Does nothing when the element is not watched.
    @inlinable
    public func stop(_ element: Element) { queue.remove(element) }

    /// One timer for the earliest deadline. It is left armed when that element is removed: requests that come one after
    /// the other with the same timeout then need a timer once per timeout, not once per request.
    @inlinable
    func arm() {
        guard let earliest = queue.earliest else { return }
        if let timer {
            guard earliest.time < timer.deadline.time else { return }
            timer.task.cancel()
        }
        let wait = TimeAmount.nanoseconds(Int64(clamping: earliest.remaining(at: now())))
        timer = (earliest, eventLoop.scheduleTask(in: wait) { self.fired() })
    }

    @inlinable
    func fired() {
        timer = nil
        let time = now()
        while let element = queue.popExpired(at: time) { expired(element) }
        batchEnded()
        arm()
    }
}
