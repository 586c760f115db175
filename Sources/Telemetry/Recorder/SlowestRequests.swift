import ServingPrimitives

/// The slowest requests of each of the last spans of time: what is slow is told by its neighbours, so that nobody has to
/// say how many milliseconds are too many, and a busy minute does not push out what a quiet one had.
struct SlowestRequests {
    /// Nanoseconds of one span.
    static let span: UInt64 = 10_000_000_000
    /// Requests of one span.
    static let countPerSpan = 8
    /// Spans that are kept.
    static let spanCount = 12

    private let threshold: UInt64
    private var spanEnd = MonotonicTime(nanoseconds: 0)
    private var current: [RequestRecord] = []
    /// Shortest duration in `current`, once that is full.
    private var bar: UInt64 = 0
    private var past: [[RequestRecord]] = []

    /// - Parameter threshold: nanoseconds; what takes less is never slow.
    init(threshold: UInt64) { self.threshold = threshold }

    mutating func add(_ record: RequestRecord) {
        if record.answered >= spanEnd { beginSpan(at: record.answered) }
        let duration = record.duration
        guard duration > bar, duration >= threshold else { return }
        if current.count == Self.countPerSpan {
            // There is one: the array is not empty.
            let shortest = current.indices.min { current[$0].duration < current[$1].duration }!
            current[shortest] = record
        } else {
            current.append(record)
        }
        if current.count == Self.countPerSpan { bar = current.map(\.duration).min() ?? 0 }
    }

    private mutating func beginSpan(at time: MonotonicTime) {
        if !current.isEmpty { past.append(current) }
        if past.count >= Self.spanCount { past.removeFirst(past.count - Self.spanCount + 1) }
        current = []
        bar = 0
        spanEnd = time.advanced(byNanoseconds: Self.span)
    }

    var all: [RequestRecord] { past.flatMap { $0 } + current }
}
