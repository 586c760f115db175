import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What changes a table: under the lock of `EmbeddingTable`, by one thread at a time.
struct TableWriter {
    let hash: IDHash
    private let coder: RowCoder
    private let limits: TableLimits
    private let gate: ReaderGate
    private let current: CurrentView
    private let arena: RowArena

    private(set) var owner: ViewOwner
    private var reclaimer = Reclaimer()
    /// Ids whose row lies in the overlay.
    private(set) var overlayRows = 0
    private var rowLimit: Int
    /// While a snapshot is written from the overlay's rows they stay as they are. What was removed meanwhile.
    private var removedMeanwhile: [Int64]?
    var counts = TableStatistics()

    /// Bytes of index that a row of the overlay takes at most; see `grown`.
    private static let indexBytesPerRow = 26
    /// Of the overlay's rows, the share that is kept for ids that are there.
    private static let reserve = 16
    /// How often readers get the processor before an update is refused for their sake.
    private static let patience = 1_000

    init(
        snapshot: Snapshot?,
        coder: RowCoder,
        hash: IDHash,
        limits: TableLimits,
        gate: ReaderGate,
        current: CurrentView
    ) throws(ServingError) {
        self.coder = coder
        self.hash = hash
        self.limits = limits
        self.gate = gate
        self.current = current
        let rows = Self.rowLimit(limits, snapshot, rowByteCount: coder.format.byteCount)
        guard rows >= 0 else {
            throw ServingError(
                .resourceExhausted,
                "a snapshot of \(snapshot?.byteCount ?? 0) bytes does not fit into the budget of \(limits.maximumBytes)"
            )
        }
        rowLimit = rows
        // A later snapshot may be shorter and leave more room.
        let most = Self.rowLimit(limits, nil, rowByteCount: coder.format.byteCount)
        arena = try RowArena(capacity: most, rowByteCount: coder.format.byteCount)
        owner = ViewOwner(
            hash: hash,
            rowByteCount: coder.format.byteCount,
            snapshot: snapshot,
            marks: nil,
            index: nil,
            arena: arena
        )
        current.pointer.store(owner.view, ordering: .releasing)
    }

    /// Rows that the overlay may have; negative when there is no room for the snapshot.
    private static func rowLimit(_ limits: TableLimits, _ snapshot: Snapshot?, rowByteCount: Int) -> Int {
        let marks = (snapshot?.rowCount ?? 0) / 8
        let rest = limits.maximumBytes - (snapshot?.byteCount ?? 0) - marks
        return rest < 0 ? -1 : min(rest / (rowByteCount + 4 + indexBytesPerRow), Int(OverlayIndex.noRow) - 1)
    }

    private var index: OverlayIndex? { owner.index }
    private var marks: RowMarks? { owner.marks }
    private var snapshot: Snapshot? { owner.snapshot }

    // MARK: - Rows

    /// - Parameter numbers: as many as a row has.
    mutating func put(
        _ id: Int64,
        _ numbers: UnsafePointer<Float>,
        timestamp: UInt32,
        _ summary: inout UpdateSummary
    ) throws(ServingError) {
        let hash = hash(id)
        let cell = index?.reader.find(id, hash)
        let isInOverlay = cell.map { $0.pointee.load(ordering: .relaxed) != OverlayIndex.noRow } ?? false
        let snapshotRow = cell == nil ? snapshot?.row(of: id) : nil
        let isServed = isInOverlay || snapshotRow.map { !isMarked($0) } ?? false
        guard isServed || overlayRows < rowLimit - rowLimit / Self.reserve, let row = takeRow() else {
            summary.refused += 1
            return
        }
        coder.encode(numbers, into: arena.bytes(ofRow: row))
        arena.setTimestamp(timestamp, ofRow: row)
        if let cell {
            // Readers see the old row or the new one, each of them whole.
            let old = cell.pointee.exchange(row, ordering: .acquiringAndReleasing)
            if old != OverlayIndex.noRow { reclaimer.retire(row: old) }
        } else {
            try insert(id, hash, row: row, over: snapshotRow)
        }
        if !isInOverlay { overlayRows += 1 }
        if isServed { summary.changed += 1 } else { summary.inserted += 1 }
    }

    /// Whether a row that was received at `time` counts more than what the table has.
    ///
    /// What was pushed earlier counts less. A row of the snapshot counts more when it was updated later; where nobody knows
    /// when it was, or the snapshot does not have the id, it is the time of the dump that counts.
    func isNewer(_ time: UInt32, than dumpTime: UInt32, _ id: Int64) -> Bool {
        if let cell = index?.reader.find(id, hash(id)), cell.pointee.load(ordering: .relaxed) != OverlayIndex.noRow {
            return true
        }
        guard let snapshot, let row = snapshot.row(of: id) else { return time >= dumpTime }
        let updated = snapshot.timestamp(ofRow: row)
        return time >= (updated == 0 ? dumpTime : updated)
    }

    private mutating func insert(_ id: Int64, _ hash: UInt64, row: UInt32, over snapshotRow: Int?) throws(ServingError)
    {
        do throws(ServingError) {
            if index == nil || index?.isFull == true {
                // Readers who still have the index without what comes must not see marks for it: they keep the old
                // ones.
                publish(
                    snapshot,
                    try marks.map { marks throws(ServingError) in try RowMarks(copyOf: marks) },
                    try grown()
                )
            }
            if snapshotRow != nil { try makeMarks() }
        } catch {
            arena.give(row)
            throw error
        }
        index?.insert(id, hash, row: row)
        // After the insertion: whoever sees the mark finds the row.
        if let snapshotRow { marks?.set(snapshotRow) }
    }

    /// An index with room for half as many ids again.
    private func grown() throws(ServingError) -> OverlayIndex {
        let larger = try OverlayIndex(
            bucketCount: OverlayIndex.bucketCount(for: max(64, overlayRows + overlayRows / 2))
        )
        // Ids of removed rows are left behind: those of the snapshot have a mark.
        index?.forEachID { id, cell in
            let row = cell.pointee.load(ordering: .relaxed)
            if row != OverlayIndex.noRow { larger.insert(id, hash(id), row: row) }
        }
        return larger
    }

    private func isMarked(_ row: Int) -> Bool { marks.map { RowMarks.isSet(row, in: $0.words) } ?? false }

    /// A row that no reader sees.
    private mutating func takeRow() -> UInt32? {
        if arena.high < rowLimit || arena.hasFree { return arena.take() }
        for _ in 0..<Self.patience where removedMeanwhile == nil && reclaimer.waitingRows > 0 {
            advance()
            if arena.hasFree { return arena.take() }
            sched_yield()
        }
        return nil
    }

    /// - Returns: whether the id had a row.
    mutating func remove(_ id: Int64) throws(ServingError) -> Bool {
        removedMeanwhile?.append(id)
        var wasServed = false
        if let cell = index?.reader.find(id, hash(id)) {
            wasServed = removeOverlayRow(cell)
        } else if let row = snapshot?.row(of: id), !isMarked(row) {
            try mark(row)
            wasServed = true
        }
        return wasServed
    }

    /// - Returns: whether there was one.
    private mutating func removeOverlayRow(_ cell: UnsafeMutablePointer<Atomic<UInt32>>) -> Bool {
        let old = cell.pointee.exchange(OverlayIndex.noRow, ordering: .acquiringAndReleasing)
        guard old != OverlayIndex.noRow else { return false }
        reclaimer.retire(row: old)
        overlayRows -= 1
        return true
    }

    private mutating func mark(_ row: Int) throws(ServingError) {
        try makeMarks()
        marks?.set(row)
    }

    private mutating func makeMarks() throws(ServingError) {
        if marks == nil { publish(snapshot, try RowMarks(rowCount: snapshot?.rowCount ?? 0), index) }
    }

    // MARK: - What readers see

    private mutating func publish(_ snapshot: Snapshot?, _ marks: RowMarks?, _ index: OverlayIndex?) {
        reclaimer.retire(owner)
        owner = ViewOwner(
            hash: hash,
            rowByteCount: coder.format.byteCount,
            snapshot: snapshot,
            marks: marks,
            index: index,
            arena: arena
        )
        current.pointer.store(owner.view, ordering: .releasing)
    }

    /// Takes back what readers have left.
    mutating func advance() {
        guard removedMeanwhile == nil else { return }
        arena.give(reclaimer.advance(gate))
    }

    var statistics: TableStatistics {
        var statistics = counts
        statistics.rows = (snapshot?.rowCount ?? 0) - (marks?.count ?? 0) + overlayRows
        statistics.overlayRows = overlayRows
        statistics.snapshotBytes = snapshot?.byteCount ?? 0
        statistics.overlayBytes = arena.byteCount + (index?.byteCount ?? 0) + (marks?.byteCount ?? 0)
        statistics.waitingRows = reclaimer.waitingRows
        return statistics
    }

    // MARK: - Expiry

    /// Removes the overlay's rows that are expired.
    ///
    /// - Returns: how many.
    mutating func expireOverlay(_ policy: ExpiryPolicy, now: UInt32) -> Int {
        var expired: [UnsafeMutablePointer<Atomic<UInt32>>] = []
        index?.forEachID { id, cell in
            let row = cell.pointee.load(ordering: .relaxed)
            guard row != OverlayIndex.noRow else { return }
            if policy.isExpired(id, timestamp: arena.timestamp(ofRow: row), now: now) { expired.append(cell) }
        }
        for cell in expired { _ = removeOverlayRow(cell) }
        return expired.count
    }

    /// Removes the snapshot's rows that are expired, of some buckets.
    mutating func expireSnapshot(_ policy: ExpiryPolicy, now: UInt32, buckets: Range<Int>) throws(ServingError) -> Int {
        guard let snapshot else { return 0 }
        var expired = 0
        for number in buckets {
            let bucket = snapshot.bucket(number)
            for slot in 0..<bucket.count {
                let row = Int(bucket.firstRow) + slot
                guard policy.isExpired(bucket.id(slot), timestamp: snapshot.timestamp(ofRow: row), now: now),
                    !isMarked(row)
                else { continue }
                try mark(row)
                expired += 1
            }
        }
        return expired
    }

    // MARK: - Snapshots of what is served

    /// Starts the writing of a snapshot: until it ends, rows that were in sight are not written again.
    ///
    /// - Returns: all that it takes, to be read without the lock.
    mutating func startMerge() -> TableMerge {
        removedMeanwhile = []
        var rows: [TableMerge.Row] = []
        rows.reserveCapacity(overlayRows)
        index?.forEachID { id, cell in
            let row = cell.pointee.load(ordering: .relaxed)
            if row != OverlayIndex.noRow { rows.append(TableMerge.Row(hash: hash(id), id: id, row: row)) }
        }
        return TableMerge(owner: owner, arena: arena, hash: hash, overlay: rows, marks: marks?.snapshot)
    }

    mutating func endMerge() { removedMeanwhile = nil }

    /// Serves the snapshot that was written, and over it what was changed since `startMerge`.
    mutating func adopt(_ new: Snapshot, _ merge: TableMerge) throws(ServingError) {
        defer { endMerge() }
        let merged = merge.rowSet(count: arena.high)
        var kept: [(id: Int64, row: UInt32)] = []
        var left: [UInt32] = []
        index?.forEachID { id, cell in
            let row = cell.pointee.load(ordering: .relaxed)
            guard row != OverlayIndex.noRow else { return }
            // Rows were not written again meanwhile: the same number is the same row.
            if merged[Int(row)] { left.append(row) } else { kept.append((id, row)) }
        }
        let marks = try RowMarks(rowCount: new.rowCount)
        let larger = try OverlayIndex(bucketCount: OverlayIndex.bucketCount(for: max(64, kept.count + kept.count / 2)))
        for (id, row) in kept {
            larger.insert(id, hash(id), row: row)
            if let row = new.row(of: id) { marks.set(row) }
        }
        for id in removedMeanwhile ?? [] where !isServedByOverlay(id) {
            if let row = new.row(of: id) { marks.set(row) }
        }
        for row in left { reclaimer.retire(row: row) }
        overlayRows = kept.count
        rowLimit = max(0, Self.rowLimit(limits, new, rowByteCount: coder.format.byteCount))
        publish(new, marks.count > 0 ? marks : nil, kept.isEmpty ? nil : larger)
    }

    private func isServedByOverlay(_ id: Int64) -> Bool {
        guard let cell = index?.reader.find(id, hash(id)) else { return false }
        return cell.pointee.load(ordering: .relaxed) != OverlayIndex.noRow
    }
}
