import ServingPrimitives
import Synchronization

/// The last requests of one lane, and of those before them the ones that failed or were slow. Always on; bounded.
///
/// Written by one event loop, read by whoever asks: the lock is free nearly always.
final class FlightRecorder: Sendable {
    private struct State {
        var recent: RequestRing
        var failed: RequestRing
        var slow: SlowestRequests
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - capacity: requests in the ring; half as many that failed are kept beside it.
    ///   - slowThreshold: nanoseconds; what takes less is never kept as slow.
    init(capacity: Int, slowThreshold: UInt64) {
        state = Mutex(
            State(
                recent: RequestRing(capacity: capacity),
                failed: RequestRing(capacity: max(capacity / 2, 1)),
                slow: SlowestRequests(threshold: slowThreshold)
            )
        )
    }

    func add(_ record: RequestRecord) {
        state.withLock { state in
            state.recent.add(record)
            state.slow.add(record)
            if record.failed { state.failed.add(record) }
        }
    }

    /// Everything that is kept, each request once.
    func all() -> [RecordedRequest] {
        let (recent, failed, slow) = state.withLock { ($0.recent.all, $0.failed.all, $0.slow.all) }
        var found: [UInt64: RecordedRequest] = [:]
        for record in recent { found[record.number] = RecordedRequest(record: record) }
        for record in failed { found[record.number, default: RecordedRequest(record: record)].failed = true }
        for record in slow { found[record.number, default: RecordedRequest(record: record)].slow = true }
        return Array(found.values)
    }
}

/// A request that the recorder has, and why it was kept.
public struct RecordedRequest: Sendable {
    public var record: RequestRecord
    /// It failed.
    public var failed = false
    /// It was among the slowest of its ten seconds.
    public var slow = false
}
