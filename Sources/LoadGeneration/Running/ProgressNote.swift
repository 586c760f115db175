/// How a running slice fares: numbers of the last second.
public struct ProgressNote: Sendable {
    public var target: String
    public var level: String
    public var rate = 0.0
    public var inFlight = 0
    public var errors = 0
    /// Nanoseconds, since the slice began.
    public var median: UInt64 = 0
    public var p99: UInt64 = 0

    init(target: String, level: String) {
        self.target = target
        self.level = level
    }
}

/// Makes notes of a second from sums.
struct ProgressWatch {
    private var note: ProgressNote
    private var answered = 0

    init(_ note: ProgressNote) { self.note = note }

    mutating func next(_ sum: ProgressBoard.Note) -> ProgressNote? {
        note.rate = Double(sum.ok - answered) / (Double(ProgressBoard.interval) / 1e9)
        answered = sum.ok
        note.inFlight = sum.inFlight
        note.errors = sum.errors
        note.median = sum.latency.value(at: 0.5)
        note.p99 = sum.latency.value(at: 0.99)
        return note
    }
}
