import CEmbedding
import Synchronization

/// What readers of a table see: plain addresses, so that a lookup counts no references. Never changed; another takes
/// its place.
struct TableView {
    let hash: IDHash
    let rowByteCount: Int
    /// What ids without a row get: zeros in each compression. Reading them costs less than a branch that is predicted wrong.
    let zeroRow: UnsafeRawPointer

    // The snapshot.
    let buckets: UnsafeRawPointer
    let bucketCount: Int
    let placeCount: UInt64
    let farthest: Int
    let rows: UnsafeRawPointer
    let rowCount: Int
    let marks: UnsafeMutablePointer<Atomic<UInt64>>?

    // The overlay.
    let overlay: OverlayReader?
    let overlayRows: UnsafeRawPointer

    /// The bucket that a hash belongs to.
    @inline(__always)
    func bucket(_ hash: UInt64) -> UnsafeRawPointer {
        buckets + IDHash.place(hash, of: placeCount) * BaseBucket.byteCount
    }

    /// The bytes of a row that the snapshot still serves; `zeroRow` when the overlay must be asked.
    @inline(__always)
    func snapshotBytes(_ id: Int64, _ hash: UInt64) -> UnsafeRawPointer {
        let bucket = BaseBucket(start: bucket(hash))
        let matches = bucket.matches(id)
        // Half of the ids may have no row, in no order that a processor could learn: no branch tells those from others.
        let isMissing = (matches &- 1) >> 31
        if isMissing & UInt32(bucket.overflow) != 0 { return laterBytes(id, hash) }
        return bytes(ofRow: Int(bucket.firstRow) &+ matches.trailingZeroBitCount, isThere: 1 &- Int(isMissing))
    }

    /// - Parameter isThere: 1; 0 when there is no such row.
    @inline(__always)
    private func bytes(ofRow row: Int, isThere: Int) -> UnsafeRawPointer {
        // Also the upper end is looked at: somebody may have changed the file since it was checked.
        let mask = 0 &- (isThere & (row < rowCount ? 1 : 0))
        // In place of a row that is not there the first one's mark is looked at, which changes nothing.
        if let marks, RowMarks.isSet(row & mask, in: marks) { return zeroRow }
        return zeroRow + ((rows + row &* rowByteCount - zeroRow) & mask)
    }

    /// Of an id that may lie in a bucket behind its own.
    @inline(never)
    private func laterBytes(_ id: Int64, _ hash: UInt64) -> UnsafeRawPointer {
        let place = IDHash.place(hash, of: placeCount)
        for number in place + 1..<max(place + 1, min(place + farthest + 1, bucketCount)) {
            let bucket = BaseBucket(start: buckets + number * BaseBucket.byteCount)
            if let slot = bucket.slot(of: id) { return bytes(ofRow: Int(bucket.firstRow) &+ slot, isThere: 1) }
            if bucket.overflow == 0 { return zeroRow }
        }
        return zeroRow
    }

    @inline(__always)
    func overlayBytes(_ id: Int64, _ hash: UInt64, _ overlay: OverlayReader) -> UnsafeRawPointer {
        guard let cell = overlay.find(id, hash) else { return zeroRow }
        let row = cell.pointee.load(ordering: .acquiring)
        return row == OverlayIndex.noRow ? zeroRow : overlayRows + Int(row) &* rowByteCount
    }
}

extension TableView {
    /// Ids of a step of the pipeline: as many lines as a core can wait for at a time, about.
    private static let block = 16
    private static let ringMask = 4 * block - 1

    private struct Pending {
        var hash: UInt64
        var row: UnsafeRawPointer
    }

    /// Rows of many ids. Each waits for two or three cache lines: its bucket, perhaps one of the overlay, and its
    /// row. So blocks of ids go through these steps one behind the other, and each step asks for the line that the
    /// next will read.
    ///
    /// - Parameters:
    ///   - ids: `count` of them.
    ///   - numbers: `count` rows; those of ids that are not there become zeros.
    /// - Returns: how many were there.
    func lookup(
        _ ids: UnsafePointer<Int64>,
        count: Int,
        into numbers: UnsafeMutablePointer<Float>,
        _ coder: RowCoder
    ) -> Int {
        withUnsafeTemporaryAllocation(of: Pending.self, capacity: Self.ringMask + 1) { ring in
            // Not empty, so it has an address.
            guard let ring = ring.baseAddress else { return 0 }
            let blocks = (count + Self.block - 1) / Self.block
            let lag = overlay == nil ? 2 : 3
            var found = 0
            for step in 0..<blocks + lag {
                if step < blocks { ask(Self.range(step, count), ids, ring) }
                if step >= 1, step - 1 < blocks { probe(Self.range(step - 1, count), ids, ring) }
                if let overlay, step >= 2, step - 2 < blocks {
                    probe(overlay, Self.range(step - 2, count), ids, ring)
                }
                if step >= lag { found += read(Self.range(step - lag, count), ring, numbers, coder) }
            }
            return found
        }
    }

    @inline(__always)
    private static func range(_ block: Int, _ count: Int) -> Range<Int> {
        block &* Self.block..<min((block &+ 1) &* Self.block, count)
    }

    @inline(__always)
    private func ask(_ range: Range<Int>, _ ids: UnsafePointer<Int64>, _ ring: UnsafeMutablePointer<Pending>) {
        for index in range {
            let hash = hash(ids[index])
            (ring + (index & Self.ringMask)).initialize(to: Pending(hash: hash, row: zeroRow))
            cembedding_prefetch(bucket(hash))
        }
    }

    @inline(__always)
    private func probe(_ range: Range<Int>, _ ids: UnsafePointer<Int64>, _ ring: UnsafeMutablePointer<Pending>) {
        for index in range {
            let slot = ring + (index & Self.ringMask)
            let row = snapshotBytes(ids[index], slot.pointee.hash)
            slot.pointee.row = row
            prefetchRow(row)
            if let overlay, row == zeroRow { cembedding_prefetch(overlay.bucket(slot.pointee.hash)) }
        }
    }

    @inline(__always)
    private func probe(
        _ overlay: OverlayReader,
        _ range: Range<Int>,
        _ ids: UnsafePointer<Int64>,
        _ ring: UnsafeMutablePointer<Pending>
    ) {
        for index in range {
            let slot = ring + (index & Self.ringMask)
            guard slot.pointee.row == zeroRow else { continue }
            let row = overlayBytes(ids[index], slot.pointee.hash, overlay)
            slot.pointee.row = row
            prefetchRow(row)
        }
    }

    @inline(__always)
    private func read(
        _ range: Range<Int>,
        _ ring: UnsafeMutablePointer<Pending>,
        _ numbers: UnsafeMutablePointer<Float>,
        _ coder: RowCoder
    ) -> Int {
        let dimension = coder.format.dimension
        var found = 0
        for index in range {
            let row = ring[index & Self.ringMask].row
            coder.decode(row, into: numbers + index &* dimension)
            found &+= row == zeroRow ? 0 : 1
        }
        return found
    }

    @inline(__always)
    private func prefetchRow(_ row: UnsafeRawPointer) {
        // The processor's own prefetcher follows through longer rows.
        var line = row
        let end = row + min(rowByteCount, 8 * 64)
        repeat {
            cembedding_prefetch(line)
            line += 64
        } while line < end
        // A row that does not begin with a line may end in one more.
        cembedding_prefetch(end - 1)
    }
}
