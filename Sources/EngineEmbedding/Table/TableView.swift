import CEmbedding
import Synchronization

/// What readers of a table see: plain addresses, so that a lookup counts no references. Never changed; another takes
/// its place.
struct TableView {
    let hash: IDHash
    let rowByteCount: Int

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

    /// The snapshot's row of an id; negative when it has none.
    @inline(__always)
    func snapshotRow(_ id: Int64, _ hash: UInt64) -> Int {
        let bucket = BaseBucket(start: bucket(hash))
        if let slot = bucket.slot(of: id) { return Int(bucket.firstRow) &+ slot }
        return bucket.overflow == 0 ? -1 : laterRow(id, hash)
    }

    /// Of an id that may lie in a bucket behind its own.
    @inline(never)
    private func laterRow(_ id: Int64, _ hash: UInt64) -> Int {
        let place = IDHash.place(hash, of: placeCount)
        for number in place + 1..<max(place + 1, min(place + farthest + 1, bucketCount)) {
            let bucket = BaseBucket(start: buckets + number * BaseBucket.byteCount)
            if let slot = bucket.slot(of: id) { return Int(bucket.firstRow) &+ slot }
            if bucket.overflow == 0 { return -1 }
        }
        return -1
    }

    /// The bytes of a row that the snapshot still serves; `nil` when the overlay must be asked.
    @inline(__always)
    func snapshotBytes(_ id: Int64, _ hash: UInt64) -> UnsafeRawPointer? {
        let row = snapshotRow(id, hash)
        // Also the upper end is looked at: somebody may have changed the file since it was checked.
        guard row >= 0, row < rowCount else { return nil }
        if let marks, RowMarks.isSet(row, in: marks) { return nil }
        return rows + row &* rowByteCount
    }

    @inline(__always)
    func overlayBytes(_ id: Int64, _ hash: UInt64, _ overlay: OverlayReader) -> UnsafeRawPointer? {
        guard let cell = overlay.find(id, hash) else { return nil }
        let row = cell.pointee.load(ordering: .acquiring)
        return row == OverlayIndex.noRow ? nil : overlayRows + Int(row) &* rowByteCount
    }
}

extension TableView {
    /// Ids of a step of the pipeline: as many lines as a core can wait for at a time, about.
    private static let block = 16
    private static let ringMask = 4 * block - 1

    private struct Pending {
        var hash: UInt64
        var row: UnsafeRawPointer?
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
            (ring + (index & Self.ringMask)).initialize(to: Pending(hash: hash, row: nil))
            cembedding_prefetch(bucket(hash))
        }
    }

    @inline(__always)
    private func probe(_ range: Range<Int>, _ ids: UnsafePointer<Int64>, _ ring: UnsafeMutablePointer<Pending>) {
        for index in range {
            let slot = ring + (index & Self.ringMask)
            let row = snapshotBytes(ids[index], slot.pointee.hash)
            slot.pointee.row = row
            if let row {
                prefetchRow(row)
            } else if let overlay {
                cembedding_prefetch(overlay.bucket(slot.pointee.hash))
            }
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
            guard slot.pointee.row == nil else { continue }
            let row = overlayBytes(ids[index], slot.pointee.hash, overlay)
            slot.pointee.row = row
            if let row { prefetchRow(row) }
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
            let target = numbers + index &* dimension
            if let row = ring[index & Self.ringMask].row {
                coder.decode(row, into: target)
                found &+= 1
            } else {
                target.update(repeating: 0, count: dimension)
            }
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
