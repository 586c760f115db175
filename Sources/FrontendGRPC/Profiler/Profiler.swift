import EngineInterface
import ServingPrimitives
import Synchronization

/// The profiles that clients take of this server, one at a time.
final class Profiler: Sendable {
    /// Events of one profile; about 32 bytes each while it is taken, and 200 while it is written.
    static let maximumEvents = 250_000
    static let maximumNanoseconds: UInt64 = 600_000_000_000

    /// A profile that is being taken. Belongs to the call that asked for it.
    struct Session: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    private struct State {
        var lastNumber: UInt64 = 0
        var open: (number: UInt64, id: String, stop: @Sendable () -> Void)?
    }

    private let tracer: RunTracer
    private let state = Mutex(State())

    init(tracer: RunTracer) { self.tracer = tracer }

    /// Begins a profile.
    ///
    /// - Parameter stop: called, from any thread, when the profile is to end before its time.
    /// - Throws: `ALREADY_EXISTS` while another one is taken, in TensorFlow's words.
    func begin(id: String, maximumEvents: Int, stop: @escaping @Sendable () -> Void) throws(ServingError) -> Session {
        let session: Session? = state.withLock { state in
            guard state.open == nil, tracer.begin(maximumEvents: maximumEvents) else { return nil }
            state.lastNumber += 1
            state.open = (state.lastNumber, id, stop)
            return Session(number: state.lastNumber)
        }
        guard let session else { throw ServingError(.alreadyExists, "Another profiling session active.") }
        return session
    }

    /// Ends a profile; `nil` when it was ended before.
    func end(_ session: Session) -> RunRecording? {
        state.withLock { state in
            guard state.open?.number == session.number else { return nil }
            state.open = nil
            return tracer.end()
        }
    }

    /// Has the profile of that id answered now, if it is the one that is taken; with `nil`, any.
    func terminate(_ id: String?) {
        let stop = state.withLock { state in
            state.open.flatMap { id == nil || $0.id == id ? $0.stop : nil }
        }
        stop?()
    }
}
