import ServingPrimitives

/// The curves of a queue's shape classes, in bounded number: the one used longest ago makes room.
struct CurveLibrary: Sendable {
    static let maximumCurves = 64

    private struct Entry: Sendable {
        var shape: ShapeClass
        var curve = LatencyCurve()
        var lastUse: UInt64
    }

    private var entries: [Entry] = []
    private var uses: UInt64 = 0

    /// The curve of a class that was run before.
    subscript(shape: ShapeClass) -> LatencyCurve? {
        for entry in entries where entry.shape.id == shape.id { return entry.curve }
        return nil
    }

    func prediction<Payload>(for batch: Batch<Payload>) -> UInt64? {
        guard batch.size > 0 else { return batch.isEmpty ? nil : 0 }
        guard let curve = self[batch.shape], !curve.isUnknown else { return nil }
        return UInt64(curve.nanoseconds(rows: batch.size))
    }

    mutating func learn(_ batch: FinishedBatch) {
        guard batch.outcome.executedRows > 0 else { return }
        learn(batch.shape, rows: batch.outcome.executedRows, nanoseconds: batch.outcome.runNanoseconds)
    }

    mutating func learn(_ shape: ShapeClass, rows: Int, nanoseconds: UInt64) {
        guard rows > 0 else { return }
        let index = index(of: shape)
        uses += 1
        entries[index].lastUse = uses
        entries[index].curve.learn(rows: rows, nanoseconds: nanoseconds)
    }

    private mutating func index(of shape: ShapeClass) -> Int {
        if let index = entries.firstIndex(where: { $0.shape.id == shape.id }) { return index }
        if entries.count == Self.maximumCurves,
            let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse })
        {
            entries[oldest] = Entry(shape: shape, lastUse: uses)
            return oldest
        }
        entries.append(Entry(shape: shape, lastUse: uses))
        return entries.count - 1
    }

    /// The least engine time that a row costs, in nanoseconds, of the class used last; `nil` when nothing ran yet.
    var leastPerRow: Double? {
        entries.max { $0.lastUse < $1.lastUse }.map { $0.curve.leastPerRow }
    }

    var explanation: [CurveExplanation] {
        entries.map { $0.curve.explanation(of: $0.shape) }
    }
}
