import ServingPrimitives
import Synchronization

/// Where the changed rows of a table are: a hash table that one writer changes while readers look into it.
///
/// Buckets are cache lines: five ids, five row numbers, and a word that says how many there are and whether more ids
/// that belong here lie in the buckets that follow. **Readers need no lock:** an id is written before the word that
/// makes it count, with release order, and is never changed or moved in this index, so whoever sees the count sees
/// the id. A row number is one atomic word, stored with release order after the row's bytes; bytes behind a number
/// that readers may have are not written again (see `ReaderGate`). When the index becomes full the writer makes a
/// larger one beside it.
final class OverlayIndex: @unchecked Sendable {
    // Sendable: by the rules above. What only the writer uses is under its lock.
    static let idsPerBucket = 5
    /// The mark of an id whose row was removed.
    static let noRow = UInt32.max

    private static let overflowMark: UInt32 = 1 << 8
    /// Ids for each hundred places; with it an id takes 16 bytes.
    private static let maximumLoad = 80

    let memory: MappedMemory
    let bucketCount: Int
    /// Ids, those of removed rows counted. Only the writer's.
    private(set) var count = 0

    init(bucketCount: Int) throws(ServingError) {
        self.bucketCount = max(bucketCount, 1)
        let bytes = self.bucketCount * BaseBucket.byteCount
        memory = try MappedMemory(zeros: bytes, hugePages: bytes >= MappedMemory.hugePage)
    }

    /// Buckets for so many ids.
    static func bucketCount(for ids: Int) -> Int { ids * 100 / (idsPerBucket * maximumLoad) + 1 }

    var isFull: Bool { (count + 1) * 100 > bucketCount * Self.idsPerBucket * Self.maximumLoad }
    var byteCount: Int { memory.count }

    var reader: OverlayReader { OverlayReader(buckets: memory.start, bucketCount: UInt64(bucketCount)) }

    /// Puts an id in that is not there. The index is not full.
    func insert(_ id: Int64, _ hash: UInt64, row: UInt32) {
        let place = IDHash.place(hash, of: UInt64(bucketCount))
        var number = place
        while reader.ids(inBucket: number) == Self.idsPerBucket { number = number + 1 == bucketCount ? 0 : number + 1 }
        let bucket = memory.start + number * BaseBucket.byteCount
        let slot = reader.ids(inBucket: number)
        bucket.storeBytes(of: id, toByteOffset: 8 * slot, as: Int64.self)
        OverlayReader.row(bucket, slot).pointee.store(row, ordering: .relaxed)
        // Readers that see this see the id and the row.
        let word = OverlayReader.word(bucket)
        word.pointee.store(word.pointee.load(ordering: .relaxed) + 1, ordering: .releasing)
        count += 1
        // Until the marks are there, readers find nothing, as before.
        var passed = place
        while passed != number {
            OverlayReader.word(memory.start + passed * BaseBucket.byteCount).pointee
                .bitwiseOr(Self.overflowMark, ordering: .releasing)
            passed = passed + 1 == bucketCount ? 0 : passed + 1
        }
    }

    /// All ids with the cells of their row numbers. The writer's.
    func forEachID(_ body: (_ id: Int64, _ row: UnsafeMutablePointer<Atomic<UInt32>>) -> Void) {
        for number in 0..<bucketCount {
            let bucket = memory.start + number * BaseBucket.byteCount
            for slot in 0..<reader.ids(inBucket: number) {
                body(bucket.load(fromByteOffset: 8 * slot, as: Int64.self), OverlayReader.row(bucket, slot))
            }
        }
    }
}

/// What readers have of an `OverlayIndex`, whose memory somebody keeps.
struct OverlayReader {
    private static let rowsOffset = 8 * OverlayIndex.idsPerBucket
    private static let wordOffset = 60

    let buckets: UnsafeMutableRawPointer
    let bucketCount: UInt64

    @inline(__always)
    static func row(_ bucket: UnsafeMutableRawPointer, _ slot: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
        (bucket + rowsOffset + 4 * slot).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    @inline(__always)
    static func word(_ bucket: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt32>> {
        (bucket + wordOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    @inline(__always)
    func ids(inBucket number: Int) -> Int {
        Int(Self.word(buckets + number * BaseBucket.byteCount).pointee.load(ordering: .relaxed) & 0xFF)
    }

    /// The bucket that a hash belongs to.
    @inline(__always)
    func bucket(_ hash: UInt64) -> UnsafeMutableRawPointer {
        buckets + IDHash.place(hash, of: bucketCount) * BaseBucket.byteCount
    }

    /// The cell of the id's row number; `nil` when the id is not there. Ends after every bucket at the latest.
    @inline(__always)
    func find(_ id: Int64, _ hash: UInt64) -> UnsafeMutablePointer<Atomic<UInt32>>? {
        var number = IDHash.place(hash, of: bucketCount)
        for _ in 0..<bucketCount {
            let bucket = buckets + number * BaseBucket.byteCount
            let word = Self.word(bucket).pointee.load(ordering: .acquiring)
            for slot in 0..<Int(word & 0xFF) where bucket.load(fromByteOffset: 8 * slot, as: Int64.self) == id {
                return Self.row(bucket, slot)
            }
            if word >> 8 == 0 { return nil }
            number = number + 1 == Int(bucketCount) ? 0 : number + 1
        }
        return nil
    }
}
