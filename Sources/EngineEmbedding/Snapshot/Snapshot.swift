public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The immutable rows of a table: a file that is mapped and served as it is.
///
/// Whatever the file holds, opening it gives a snapshot that is safe to look into or an error. The index is read
/// whole for that: each bucket's rows, each id's place, and the order. The file must not be cut while it is mapped,
/// as with every mapped file: replace it by renaming another over it.
public final class Snapshot: Sendable {
    /// How a snapshot is put into memory.
    public enum Placement: Sendable, Hashable {
        /// The file's own pages: nothing is copied, and processes that map the same file share them.
        case mapped
        /// Memory of our own in huge pages, where the system has them: faster lookups in tables of gigabytes, and the
        /// file may be changed afterwards.
        case hugePages
    }

    /// What is checked when a snapshot is opened.
    public enum Verification: Sendable, Hashable {
        /// All checksums.
        case everything
        /// The checksums of header and index. Damaged rows would be served as they are; they can harm nothing else.
        case index
    }

    let header: SnapshotHeader
    let layout: SnapshotLayout
    let memory: MappedMemory
    /// The most buckets that an id is away from its place.
    let farthest: Int

    /// How rows are stored.
    public var format: RowFormat { header.format }
    public var rowCount: Int { Int(header.rowCount) }
    /// What its maker wrote about what it was made from.
    public var fingerprint: [UInt8] { header.fingerprint }
    /// Of the file, and of the memory that it takes when all of it is in use.
    public var byteCount: Int { layout.byteCount }

    /// - Throws: `DATA_LOSS` that says what is wrong with the file; what the system says when it cannot be opened.
    public convenience init(
        path: String,
        placement: Placement = .mapped,
        verification: Verification = .everything
    ) throws(ServingError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .ofSystem(path, errno == ENOENT ? .notFound : .unavailable) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .ofSystem(path, .unavailable) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .invalidArgument("\(path) is no ordinary file") }
        guard status.st_size >= SnapshotHeader.byteCount else {
            throw .damagedSnapshot(path, "it has \(status.st_size) bytes, less than a header")
        }
        let memory =
            switch placement {
            case .mapped: try MappedMemory(file: descriptor, count: Int(status.st_size), path: path)
            case .hugePages: try MappedMemory(copyOf: descriptor, count: Int(status.st_size), path: path)
            }
        try self.init(memory, path: path, verification: verification)
    }

    init(_ memory: MappedMemory, path: String, verification: Verification) throws(ServingError) {
        header = try SnapshotHeader(memory.bytes, path: path)
        guard let layout = header.layout else { throw .damagedSnapshot(path, "its counts are too large") }
        self.layout = layout
        self.memory = memory
        let verifier = SnapshotVerifier(header: header, layout: layout, bytes: memory.bytes, path: path)
        try verifier.checkChecksums(verification)
        farthest = try verifier.checkIndex()
    }

    /// Of bytes in memory, for tests.
    package convenience init(copying bytes: UnsafeRawBufferPointer) throws(ServingError) {
        let memory = try MappedMemory(zeros: max(bytes.count, 1), hugePages: false)
        memory.start.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(memory.start), byteCount: bytes.count)
        try self.init(memory, path: "a snapshot in memory", verification: .everything)
    }

    var buckets: UnsafeRawPointer { UnsafeRawPointer(memory.start) + layout.buckets.lowerBound }
    var rows: UnsafeRawPointer { UnsafeRawPointer(memory.start) + layout.rows.lowerBound }

    func bucket(_ number: Int) -> BaseBucket { BaseBucket(start: buckets + number * BaseBucket.byteCount) }

    /// When a row was last changed, in seconds since 1970; 0 when nobody knows.
    func timestamp(ofRow row: Int) -> UInt32 {
        memory.start.loadUnaligned(fromByteOffset: layout.timestamps.lowerBound + 4 * row, as: UInt32.self)
    }

    /// The row of an id; `nil` when it has none. For the writer: readers go through a `TableView`.
    func row(of id: Int64) -> Int? {
        let place = IDHash.place(IDHash(seed: header.seed)(id), of: header.placeCount)
        for number in place...place + farthest where number < Int(header.bucketCount) {
            let bucket = bucket(number)
            if let slot = bucket.slot(of: id) { return Int(bucket.firstRow) + slot }
            if bucket.overflow == 0 { return nil }
        }
        return nil
    }

    /// All ids with their rows, in the order of their hashes.
    package func forEachRow(_ body: (_ id: Int64, _ row: Int) -> Void) {
        for number in 0..<Int(header.bucketCount) {
            let bucket = bucket(number)
            let first = Int(bucket.firstRow)
            for slot in 0..<bucket.count { body(bucket.id(slot), first + slot) }
        }
    }
}

extension MappedMemory {
    /// A file's first `count` bytes, copied into huge pages.
    fileprivate convenience init(copyOf descriptor: CInt, count: Int, path: String) throws(ServingError) {
        try self.init(zeros: count, hugePages: true)
        var done = 0
        while done < count {
            let got = pread(descriptor, start + done, min(count - done, 64 << 20), done)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .ofSystem("\(path) cannot be read", .unavailable) }
            guard got > 0 else { throw .damagedSnapshot(path, "it became shorter while it was read") }
            done += got
        }
    }
}
