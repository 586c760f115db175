import ServingPrimitives

/// Checks that a file is what its header says, so that lookups in it need not.
struct SnapshotVerifier {
    let header: SnapshotHeader
    let layout: SnapshotLayout
    let bytes: UnsafeRawBufferPointer
    let path: String

    // MARK: Checksums

    func checkChecksums(_ verification: Snapshot.Verification) throws(ServingError) {
        guard CRC32C.checksum(slice(layout.checksums)) == header.checksumsCRC else {
            throw .damagedSnapshot(path, "the checksum of its checksums does not fit")
        }
        var number = 0
        for (name, section) in [("rows", layout.rows), ("timestamps", layout.timestamps), ("index", layout.buckets)] {
            let chunks = SnapshotLayout.chunks(of: section)
            defer { number += chunks.count }
            guard verification == .everything || section == layout.buckets else { continue }
            for (index, chunk) in chunks.enumerated() where CRC32C.checksum(slice(chunk)) != checksum(number + index) {
                throw .damagedSnapshot(path, "the checksum of its \(name), bytes \(chunk), does not fit")
            }
        }
    }

    private func checksum(_ number: Int) -> UInt32 {
        let offset = layout.checksums.lowerBound + 4 * number
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }

    // MARK: Index

    /// - Returns: the most buckets that an id is away from its place.
    func checkIndex() throws(ServingError) -> Int {
        var walk = Walk(hash: IDHash(seed: header.seed), placeCount: header.placeCount)
        guard let start = bytes.baseAddress else { throw .damagedSnapshot(path, "it is empty") }
        for number in 0..<Int(header.bucketCount) {
            let bucket = BaseBucket(start: start + layout.buckets.lowerBound + number * BaseBucket.byteCount)
            if let problem = walk.problem(of: bucket, number) {
                throw .damagedSnapshot(path, "bucket \(number) of its index: \(problem)")
            }
        }
        guard walk.nextRow == header.rowCount else {
            throw .damagedSnapshot(path, "its index has \(walk.nextRow) of its \(header.rowCount) rows")
        }
        guard walk.overflowStart == Int(header.bucketCount) else {
            throw .damagedSnapshot(path, "the last bucket of its index says that there are more")
        }
        guard walk.farthest <= SnapshotHeader.maximumDistance else {
            throw .damagedSnapshot(path, "its index has ids \(walk.farthest) buckets away from their place")
        }
        return walk.farthest
    }

    /// From the first bucket to the last.
    private struct Walk {
        let hash: IDHash
        let placeCount: UInt64
        var nextRow: UInt64 = 0
        var farthest = 0
        /// Of the row of buckets before this one that say that ids lie in later ones, the first.
        var overflowStart = 0
        private var lastHash: UInt64?

        init(hash: IDHash, placeCount: UInt64) {
            self.hash = hash
            self.placeCount = placeCount
        }

        mutating func problem(of bucket: BaseBucket, _ number: Int) -> String? {
            let count = bucket.count
            guard count <= BaseBucket.capacity, bucket.overflow <= 1, bucket.reserved == 0 else {
                return "it has \(count) ids and the marks \(bucket.overflow) and \(bucket.reserved)"
            }
            guard UInt64(bucket.firstRow) == nextRow else { return "its rows do not follow those of the one before" }
            for slot in 0..<count {
                let hash = hash(bucket.id(slot))
                let place = IDHash.place(hash, of: placeCount)
                if let lastHash, hash <= lastHash { return "its ids are not in order" }
                guard place <= number, place >= overflowStart else { return "id \(bucket.id(slot)) would not be found" }
                lastHash = hash
                farthest = max(farthest, number - place)
            }
            nextRow += UInt64(count)
            if bucket.overflow == 0 { overflowStart = number + 1 }
            return nil
        }
    }
}
