import Synchronization

/// Collects what runs do while a profile is open; one for each server.
///
/// While none is open it costs a run one relaxed load. Memory is bounded: what comes beyond the recording's limit is
/// counted and dropped.
public final class RunTracer: Sendable {
    private let active = Atomic<Bool>(false)
    private let recording = Mutex<RunRecording?>(nil)
    private let runs = Atomic<Int64>(0)

    public init() {}

    /// Whether runs are to be traced.
    public var isActive: Bool { active.load(ordering: .relaxed) }

    /// Opens a recording.
    ///
    /// - Returns: false when one is open already.
    public func begin(maximumEvents: Int) -> Bool {
        recording.withLock { recording in
            guard recording == nil else { return false }
            recording = RunRecording(maximumEvents: maximumEvents)
            active.store(true, ordering: .relaxed)
            return true
        }
    }

    /// Closes the recording and gives it away; `nil` when none is open.
    public func end() -> RunRecording? {
        recording.withLock { recording in
            active.store(false, ordering: .relaxed)
            defer { recording = nil }
            return recording
        }
    }

    /// A run that begins now; `nil` when runs are not traced.
    public func beginRun() -> RunTrace? {
        guard isActive else { return nil }
        return RunTrace(tracer: self, number: runs.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    func add(_ events: [TraceEvent], run: Int64) { recording.withLock { $0?.add(events, run: run) } }
}

/// One run while it is traced. The engine adds what it knows of the run's operations.
public final class RunTrace: Sendable {
    private let tracer: RunTracer
    /// Tells runs apart.
    public let number: Int64

    init(tracer: RunTracer, number: Int64) {
        self.tracer = tracer
        self.number = number
    }

    /// Any thread may call this. What comes after the recording's end is dropped.
    public func add(_ events: [TraceEvent]) { tracer.add(events, run: number) }
}
