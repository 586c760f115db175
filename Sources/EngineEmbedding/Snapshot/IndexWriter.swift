import ServingPrimitives

/// Puts ids, which come in the order of their hashes, into buckets: each into the first that has room, from its place
/// on.
struct IndexWriter: ~Copyable {
    private let placeCount: UInt64
    /// Finished buckets; the last is being filled. Kept in memory: a fifth of a table of short rows.
    private var memory: UnsafeMutableRawBufferPointer
    private var last = 0
    private var filled = 0
    /// The row that comes next.
    private var nextRow: UInt32 = 0

    init(placeCount: UInt64) {
        self.placeCount = placeCount
        let count = (Int(placeCount) + 16) * BaseBucket.byteCount
        memory = .allocate(byteCount: count, alignment: BaseBucket.byteCount)
        startBucket()
    }

    deinit { memory.deallocate() }

    var bucketCount: Int { last + 1 }

    mutating func append(_ id: Int64, _ hash: UInt64, row: UInt32) {
        let place = IDHash.place(hash, of: placeCount)
        while last < place { nextBucket(overflows: false) }
        if filled == BaseBucket.capacity { nextBucket(overflows: true) }
        let start = last * BaseBucket.byteCount
        memory.storeBytes(of: id, toByteOffset: start + 8 * filled, as: Int64.self)
        filled += 1
        nextRow = row + 1
        memory.storeBytes(of: UInt8(filled), toByteOffset: start + 60, as: UInt8.self)
    }

    /// The places behind the last id have buckets, too.
    mutating func finish() {
        while last < Int(placeCount) - 1 { nextBucket(overflows: false) }
    }

    func write(to section: inout SectionWriter) throws(ServingError) {
        guard let start = memory.baseAddress else { return }
        for number in 0..<bucketCount {
            let bucket = start + number * BaseBucket.byteCount
            try section.append(BaseBucket.byteCount) { $0.copyMemory(from: bucket, byteCount: BaseBucket.byteCount) }
        }
    }

    private mutating func nextBucket(overflows: Bool) {
        if overflows { memory.storeBytes(of: 1, toByteOffset: last * BaseBucket.byteCount + 61, as: UInt8.self) }
        last += 1
        filled = 0
        if (last + 1) * BaseBucket.byteCount > memory.count { grow() }
        startBucket()
    }

    private mutating func startBucket() {
        let start = last * BaseBucket.byteCount
        UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + BaseBucket.byteCount])
            .initializeMemory(as: UInt8.self, repeating: 0)
        memory.storeBytes(of: nextRow, toByteOffset: start + 56, as: UInt32.self)
    }

    private mutating func grow() {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: memory.count + memory.count / 8 + 16 * BaseBucket.byteCount,
            alignment: BaseBucket.byteCount
        )
        larger.copyMemory(from: UnsafeRawBufferPointer(memory))
        memory.deallocate()
        memory = larger
    }
}
