/// What runs did while a profile was open.
public struct RunRecording: Sendable {
    /// One event, with its texts by their position in `texts`.
    private struct Entry: Sendable {
        var kind: TraceEvent.Kind
        var name: Int32
        var operation: Int32
        var device: Int32
        var thread: UInt32
        var run: Int64
        var start: Int64
        var duration: Int64
    }

    private let maximumEvents: Int
    private var entries: [Entry] = []
    /// The same few names come again with every run.
    private var texts: [String] = []
    private var positions: [String: Int32] = [:]
    /// Unix time in nanoseconds.
    public let start: Int64
    /// Events that came beyond the limit.
    public private(set) var droppedEvents = 0

    init(maximumEvents: Int) {
        self.maximumEvents = maximumEvents
        start = TraceEvent.now()
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// All events and the number of the run each belongs to, in the order in which runs ended.
    public var events: some Sequence<(event: TraceEvent, run: Int64)> {
        entries.lazy.map { entry in
            let event = TraceEvent(
                entry.kind,
                name: texts[Int(entry.name)],
                operation: texts[Int(entry.operation)],
                device: texts[Int(entry.device)],
                thread: entry.thread,
                start: entry.start,
                duration: entry.duration
            )
            return (event, entry.run)
        }
    }

    mutating func add(_ events: [TraceEvent], run: Int64) {
        for event in events {
            guard entries.count < maximumEvents else {
                droppedEvents += 1
                continue
            }
            entries.append(
                Entry(
                    kind: event.kind,
                    name: position(of: event.name),
                    operation: position(of: event.operation),
                    device: position(of: event.device),
                    thread: event.thread,
                    run: run,
                    start: event.start,
                    duration: event.duration
                )
            )
        }
    }

    private mutating func position(of text: String) -> Int32 {
        if let position = positions[text] { return position }
        let position = Int32(texts.count)
        positions[text] = position
        texts.append(text)
        return position
    }
}
