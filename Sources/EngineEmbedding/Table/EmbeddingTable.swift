public import ServingPrimitives
import Synchronization

/// Embeddings by id: an immutable snapshot, and over it the rows that were changed since.
///
/// Any number of threads look up at any time and wait for nobody. Updates, removals and expiry take turns. A reader
/// sees each row as it was before or after an update, never a mixture; of an update of many rows it may see some.
///
/// **How.** Readers find everything from one pointer to a `TableView` that is never changed, between their coming and
/// going at a `ReaderGate`. The writer puts a changed row into memory that no reader sees, then changes one word that
/// leads to it; what that word led to before is written again when the gate says that all have left who may have seen
/// it.
public final class EmbeddingTable: Sendable {
    public let format: RowFormat
    private let coder: RowCoder
    private let gate = ReaderGate()
    private let current = CurrentView()
    private let writer: Mutex<TableWriter>
    /// For expiry and compaction, which take the writer's lock for short times only.
    private let maintenance = Mutex(())

    /// Buckets of the snapshot that expiry looks through in one turn of the writer: about a millisecond.
    private static let expiryStep = 1 << 14

    /// A table of a snapshot.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` when it does not fit into the budget.
    public convenience init(_ snapshot: Snapshot, limits: TableLimits = TableLimits()) throws(ServingError) {
        try self.init(snapshot, format: snapshot.format, seed: snapshot.header.seed, limits)
    }

    /// An empty table.
    public convenience init(format: RowFormat, limits: TableLimits = TableLimits()) throws(ServingError) {
        try self.init(nil, format: format, seed: .random(in: 0...UInt64.max), limits)
    }

    private init(_ snapshot: Snapshot?, format: RowFormat, seed: UInt64, _ limits: TableLimits) throws(ServingError) {
        self.format = format
        coder = RowCoder(format)
        let first = try TableWriter(
            snapshot: snapshot,
            coder: coder,
            hash: IDHash(seed: seed),
            limits: limits,
            gate: gate,
            current: current
        )
        writer = Mutex(first)
    }

    // MARK: - Reading

    /// Looks up rows. Waits for nobody.
    ///
    /// - Parameters:
    ///   - ids: in any order, also several times.
    ///   - numbers: `format.dimension` for each id, one row behind the other. Ids without a row get zeros.
    /// - Returns: how many ids had a row.
    /// - Throws: `INVALID_ARGUMENT` when there is not the right room for the rows.
    @discardableResult
    public func lookup(_ ids: Span<Int64>, into numbers: inout MutableSpan<Float>) throws(ServingError) -> Int {
        guard numbers.count == ids.count * format.dimension else {
            throw .invalidArgument(
                "\(ids.count) rows of \(format.dimension) numbers were asked for into room for \(numbers.count)"
            )
        }
        return ids.withUnsafeBufferPointer { ids in
            numbers.withUnsafeMutableBufferPointer { numbers in lookup(ids, into: numbers) }
        }
    }

    /// - Parameter numbers: room for all rows, which the caller has checked.
    @discardableResult
    func lookup(_ ids: UnsafeBufferPointer<Int64>, into numbers: UnsafeMutableBufferPointer<Float>) -> Int {
        guard let first = ids.baseAddress, let target = numbers.baseAddress else { return 0 }
        return gate.read {
            // There is one from the initialiser on.
            current.pointer.load(ordering: .acquiring)?.pointee
                .lookup(first, count: ids.count, into: target, coder) ?? 0
        }
    }

    // MARK: - Writing

    /// Changes rows of ids that are there and inserts those of others. Readers go on meanwhile.
    ///
    /// - Parameters:
    ///   - ids: of several equal ones the last counts.
    ///   - numbers: `format.dimension` for each id.
    ///   - timestamp: of the update, in seconds since 1970.
    /// - Throws: `INVALID_ARGUMENT` when there are not as many numbers as the ids need: nothing is changed then;
    ///   `RESOURCE_EXHAUSTED` when the system has no memory: the first rows may have been changed.
    public func update(
        _ ids: Span<Int64>,
        _ numbers: Span<Float>,
        timestamp: UInt32
    ) throws(ServingError) -> UpdateSummary {
        guard numbers.count == ids.count * format.dimension else {
            throw .invalidArgument(
                "an update of \(ids.count) rows of \(format.dimension) numbers has \(numbers.count) numbers"
            )
        }
        return try ids.withUnsafeBufferPointer { ids throws(ServingError) in
            try numbers.withUnsafeBufferPointer { numbers throws(ServingError) in
                try update(ids, numbers, timestamp: timestamp)
            }
        }
    }

    /// - Parameters:
    ///   - numbers: of all rows, which the caller has counted.
    ///   - erasingZeros: rows of zeros remove their ids.
    ///   - dumpTime: leaves rows as they are that the snapshot has in a newer state; see `TableWriter.isNewer`.
    func update(
        _ ids: UnsafeBufferPointer<Int64>,
        _ numbers: UnsafeBufferPointer<Float>,
        timestamp: UInt32,
        erasingZeros: Bool = false,
        over dumpTime: UInt32? = nil
    ) throws(ServingError) -> UpdateSummary {
        // Nothing to do without an id; a row has at least one number.
        guard let start = numbers.baseAddress else { return UpdateSummary() }
        return try withWriter { writer throws(ServingError) in
            var summary = UpdateSummary()
            defer {
                writer.counts.refused += summary.refused
                writer.counts.lastUpdate = max(writer.counts.lastUpdate, timestamp)
                writer.advance()
            }
            for index in 0..<ids.count {
                let row = start + index * format.dimension
                if let dumpTime, !writer.isNewer(timestamp, than: dumpTime, ids[index]) { continue }
                if erasingZeros, ZeroRow.isZero(UnsafeBufferPointer(start: row, count: format.dimension)) {
                    if try writer.remove(ids[index]) { writer.counts.removed += 1 }
                } else {
                    try writer.put(ids[index], row, timestamp: timestamp, &summary)
                }
            }
            return summary
        }
    }

    /// Whether rows of ids that were received at a time count more than what the snapshot has.
    func areNewer(_ ids: [Int64], than dumpTime: UInt32, at time: UInt32) -> [Bool] {
        writer.withLock { writer in ids.map { writer.isNewer(time, than: dumpTime, $0) } }
    }

    /// Removes rows: lookups of their ids give zeros.
    ///
    /// - Returns: how many there were.
    public func remove(_ ids: Span<Int64>) throws(ServingError) -> Int {
        try withWriter { writer throws(ServingError) in
            defer { writer.advance() }
            var removed = 0
            for index in 0..<ids.count where try writer.remove(ids[index]) { removed += 1 }
            writer.counts.removed += removed
            return removed
        }
    }

    /// Removes rows that were not changed for longer than the policy allows.
    ///
    /// - Parameter now: in seconds since 1970.
    /// - Returns: how many.
    public func expire(_ policy: ExpiryPolicy, now: UInt32) throws(ServingError) -> Int {
        try withMaintenance { () throws(ServingError) in
            var bucketCount = 0
            var expired = try withWriter { writer throws(ServingError) in
                bucketCount = Int(writer.owner.snapshot?.header.bucketCount ?? 0)
                return writer.expireOverlay(policy, now: now)
            }
            var start = 0
            while start < bucketCount {
                let buckets = start..<min(start + Self.expiryStep, bucketCount)
                expired += try withWriter { writer throws(ServingError) in
                    try writer.expireSnapshot(policy, now: now, buckets: buckets)
                }
                start = buckets.upperBound
            }
            let count = expired
            try withWriter { writer throws(ServingError) in
                writer.counts.expired += count
                writer.advance()
            }
            return expired
        }
    }

    // MARK: - Snapshots

    /// Writes what is served as a snapshot and serves that from then on, with what was changed meanwhile over it.
    /// Readers and updates go on; other maintenance waits.
    ///
    /// - Throws: what the system says. The table goes on as it was then.
    public func compact(
        to path: String,
        placement: Snapshot.Placement = .mapped,
        fingerprint: [UInt8] = []
    ) throws(ServingError) {
        try withMaintenance { () throws(ServingError) in
            var merge = try withWriter { writer throws(ServingError) in writer.startMerge() }
            do throws(ServingError) {
                try merge.write(to: path, format: format, fingerprint: fingerprint)
                let snapshot = try Snapshot(path: path, placement: placement)
                try withWriter { writer throws(ServingError) in
                    try writer.adopt(snapshot, merge)
                    writer.advance()
                }
            } catch {
                try withWriter { writer throws(ServingError) in writer.endMerge() }
                throw error
            }
        }
    }

    public var statistics: TableStatistics { writer.withLock { $0.statistics } }

    private func withWriter<Result: Sendable>(
        _ body: (inout TableWriter) throws(ServingError) -> Result
    ) throws(ServingError) -> Result {
        try writer.withLock { writer throws(ServingError) in try body(&writer) }
    }

    private func withMaintenance<Result: Sendable>(
        _ body: () throws(ServingError) -> Result
    ) throws(ServingError) -> Result {
        try maintenance.withLock { _ throws(ServingError) in try body() }
    }
}
