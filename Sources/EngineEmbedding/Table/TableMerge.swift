import ServingPrimitives

/// A table's rows at a moment, to be written as a snapshot while the table is served and changed.
struct TableMerge {
    struct Row {
        let hash: UInt64
        let id: Int64
        let row: UInt32
    }

    /// Keeps the snapshot.
    let owner: ViewOwner
    let arena: RowArena
    let hash: IDHash
    var overlay: [Row]
    /// The snapshot's rows that are not served any more.
    let marks: [UInt64]?

    /// Rows of the overlay by their number.
    func rowSet(count: Int) -> [Bool] {
        var set = [Bool](repeating: false, count: count)
        for row in overlay { set[Int(row.row)] = true }
        return set
    }

    private func isMarked(_ row: Int) -> Bool { marks.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? false }

    /// Writes all in the order of the hashes: both sides are read from start to end.
    mutating func write(to path: String, format: RowFormat, fingerprint: [UInt8]) throws(ServingError) {
        overlay.sort { $0.hash < $1.hash }
        let marked = marks.map { $0.reduce(0) { $0 + $1.nonzeroBitCount } } ?? 0
        var writer = try SnapshotWriter(
            path: path,
            format: format,
            rowCount: (owner.snapshot?.rowCount ?? 0) - marked + overlay.count,
            seed: hash.seed,
            fingerprint: fingerprint
        )
        var next = 0
        if let snapshot = owner.snapshot {
            for number in 0..<Int(snapshot.header.bucketCount) {
                let bucket = snapshot.bucket(number)
                for slot in 0..<bucket.count {
                    let row = Int(bucket.firstRow) + slot
                    // A row that the overlay has, too, is marked.
                    guard !isMarked(row) else { continue }
                    let id = bucket.id(slot)
                    try append(&next, below: hash(id), to: &writer)
                    let bytes = snapshot.rows + row * format.byteCount
                    try writer.append(id: id, row: bytes, timestamp: snapshot.timestamp(ofRow: row))
                }
            }
        }
        try append(&next, below: nil, to: &writer)
        try writer.finish()
    }

    private func append(_ next: inout Int, below hash: UInt64?, to writer: inout SnapshotWriter) throws(ServingError) {
        while next < overlay.count {
            let row = overlay[next]
            if let hash, row.hash > hash { return }
            let timestamp = arena.timestamp(ofRow: row.row)
            try writer.append(id: row.id, row: arena.bytes(ofRow: row.row), timestamp: timestamp)
            next += 1
        }
    }
}
