public import Servables
import Synchronization

/// Observes a manager and lets a test wait for states.
public final class StateRecorder: Sendable {
    public struct Change: Sendable, Hashable {
        public var id: ServableID
        public var state: ServableState

        public init(_ name: String, _ version: Int64, _ state: ServableState) {
            self.id = ServableID(name: name, version: version)
            self.state = state
        }
    }

    private let recorded = Mutex<[Change]>([])
    private let stream: AsyncStream<Change>
    private let continuation: AsyncStream<Change>.Continuation

    public init(_ manager: ServableManager) {
        (stream, continuation) = AsyncStream.makeStream()
        manager.observe { [self] id, status in
            let change = Change(id.name, id.version, status.state)
            recorded.withLock { $0.append(change) }
            continuation.yield(change)
        }
    }

    /// Every change so far, in order.
    public var changes: [Change] { recorded.withLock { $0 } }

    /// Waits until the version gets into the state; a change is waited for once only.
    public func wait(for version: Int64, of name: String = "m", _ state: ServableState) async {
        let change = Change(name, version, state)
        _ = await stream.first { $0 == change }
    }
}
