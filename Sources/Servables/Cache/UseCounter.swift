import Synchronization

/// Counts the requests that found a version loaded: all that the cache asks of a request.
package final class UseCounter: Sendable, Hashable {
    private let count = Atomic<Int>(0)

    package init() {}

    package func increment() { count.add(1, ordering: .relaxed) }

    package var value: Int { count.load(ordering: .relaxed) }

    package static func == (a: UseCounter, b: UseCounter) -> Bool { a === b }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
