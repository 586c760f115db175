import ServingPrimitives

/// The curves of a queue's shape classes, in bounded number: the one used longest ago makes room.
struct CurveLibrary: Sendable {
    static let maximumCurves = 64

    struct Entry: Sendable {
        var shape: ShapeClass
        var curve = LatencyCurve()
        fileprivate var lastUse: UInt64 = 0
        /// When a batch last ended.
        fileprivate(set) var lastRun = MonotonicTime.distantPast
        /// Whether the class never ran, and the curve is another one's.
        fileprivate(set) var isGuess = false

        fileprivate init(_ shape: ShapeClass) { self.shape = shape }

        /// Whether a prediction for so many rows is so unsure or old that a run is worth more than being right.
        func mayProbe(_ rows: Int, at now: MonotonicTime) -> Bool {
            if isGuess || curve.samples(rows: rows) < 3 { return true }
            let pause = max(10 * curve.nanoseconds(rows: rows), 100_000_000)
            return Double(now.nanoseconds(since: lastRun)) > pause
        }
    }

    private var entries: [Entry] = []
    private var uses: UInt64 = 0
    private var preemption = PreemptionFilter()

    /// The curve of a class that was run before.
    func entry(_ shape: ShapeClass) -> Entry? {
        for index in entries.indices where entries[index].shape.id == shape.id { return entries[index] }
        return nil
    }

    /// For a class that never ran: the curve of the class that is nearest in size, in proportion to elements.
    func guess(for shape: ShapeClass) -> Entry {
        var guess = Entry(shape)
        guess.isGuess = true
        let size = Double(max(shape.elementsPerRow, 1))
        var nearest = Double.infinity
        for index in entries.indices where !entries[index].curve.isUnknown {
            let ratio = size / Double(max(entries[index].shape.elementsPerRow, 1))
            guard max(ratio, 1 / ratio) < nearest else { continue }
            nearest = max(ratio, 1 / ratio)
            guess.curve = entries[index].curve.scaled(by: ratio)
        }
        return guess
    }

    func prediction<Payload>(for batch: Batch<Payload>) -> UInt64? {
        guard batch.size > 0 else { return batch.isEmpty ? nil : 0 }
        guard let curve = entry(batch.shape)?.curve, !curve.isUnknown else { return nil }
        return UInt64(clamping: curve.nanoseconds(rows: batch.size))
    }

    mutating func learn(_ batch: FinishedBatch, at now: MonotonicTime) {
        guard batch.outcome.executedRows > 0 else { return }
        learn(
            batch.shape,
            rows: batch.outcome.executedRows,
            nanoseconds: preemption.undisturbed(batch.outcome),
            measured: batch.outcome.runNanoseconds,
            at: now
        )
    }

    /// - Parameter measured: what the run took, disturbed or not; `nil` when that is the same.
    mutating func learn(
        _ shape: ShapeClass,
        rows: Int,
        nanoseconds: UInt64,
        measured: UInt64? = nil,
        at now: MonotonicTime
    ) {
        guard rows > 0 else { return }
        let index = index(of: shape)
        uses += 1
        entries[index].lastUse = uses
        entries[index].lastRun = max(entries[index].lastRun, now)
        entries[index].curve.learn(rows: rows, nanoseconds: nanoseconds, measured: measured ?? nanoseconds)
    }

    private mutating func index(of shape: ShapeClass) -> Int {
        if let index = entries.firstIndex(where: { $0.shape.id == shape.id }) { return index }
        guard entries.count == Self.maximumCurves,
            let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse })
        else {
            entries.append(Entry(shape))
            return entries.count - 1
        }
        entries[oldest] = Entry(shape)
        return oldest
    }

    /// The least engine time that a row costs, in nanoseconds, of the class used last; `nil` when nothing ran yet.
    var leastPerRow: Double? {
        var last: UInt64 = 0
        var cost: Double?
        for index in entries.indices where entries[index].lastUse > last {
            last = entries[index].lastUse
            cost = entries[index].curve.leastPerRow
        }
        return cost
    }

    var explanation: [CurveExplanation] {
        entries.map { $0.curve.explanation(of: $0.shape) }
    }
}
