import Cluster
import ServingPrimitives

/// Keeps events for a test to look at.
final class EventLog: @unchecked Sendable {
    // Sendable: `lock` guards the events.
    private let lock = WaitableLock()
    private var events: [ClusterEvent] = []

    func add(_ event: ClusterEvent) {
        lock.withLock {
            events.append(event)
            lock.wakeAll()
        }
    }

    /// What there was since the last time.
    func take() -> [ClusterEvent] {
        lock.withLock {
            defer { events = [] }
            return events
        }
    }

    func waits(for event: ClusterEvent) -> Bool { waits { $0 == event } }

    /// Waits for an event, at most a minute; forgets it and those before.
    func waits(where isMeant: (ClusterEvent) -> Bool) -> Bool {
        let end = MonotonicTime.now().advanced(byNanoseconds: 60_000_000_000)
        return lock.withLock {
            while true {
                if let index = events.firstIndex(where: isMeant) {
                    events.removeFirst(index + 1)
                    return true
                }
                guard lock.wait(until: end) else { return false }
            }
        }
    }
}
