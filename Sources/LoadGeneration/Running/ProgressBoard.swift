import Synchronization

/// What running threads tell of themselves, about once a second, for a progress line; and the wish to stop.
public final class ProgressBoard: Sendable {
    struct Note: Sendable {
        var ok = 0
        var good = 0
        var errors = 0
        var inFlight = 0
        var latency = LatencyHistogram()
    }

    static let interval: UInt64 = 1_000_000_000

    private struct State {
        var notes: [ObjectIdentifier: Note] = [:]
    }

    private let state = Mutex(State())
    private let interrupted = Atomic<Bool>(false)
    private let isWatched: Bool

    /// - Parameter isWatched: whether somebody reads; else threads tell nothing.
    public init(isWatched: Bool) { self.isWatched = isWatched }

    public var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

    /// Lets running slices end early. May be called from a signal handler.
    public func interrupt() { interrupted.store(true, ordering: .relaxed) }

    /// Called by a worker in each turn of its loop.
    func tick(_ worker: LoadWorker) {
        guard isWatched, worker.now >= worker.nextTick else { return }
        worker.nextTick = worker.now &+ Self.interval
        let note = Note(
            ok: worker.tally.ok,
            good: worker.tally.good,
            errors: worker.tally.errors,
            inFlight: worker.inFlight,
            latency: worker.tally.latency
        )
        state.withLock { $0.notes[ObjectIdentifier(worker)] = note }
    }

    /// The sum of what the threads told last.
    func sum() -> Note {
        state.withLock { state in
            state.notes.values.reduce(into: Note()) { sum, note in
                sum.ok += note.ok
                sum.good += note.good
                sum.errors += note.errors
                sum.inFlight += note.inFlight
                sum.latency.add(note.latency)
            }
        }
    }

    func clear() { state.withLock { $0.notes.removeAll() } }
}
