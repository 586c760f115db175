import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes a snapshot from rows that come in the order of their hashes: beside its place first, which it takes whole
/// or not at all.
///
/// Rows and timestamps are written as they come; the index, whose length depends on where ids overflow to, lies
/// behind them.
struct SnapshotWriter: ~Copyable {
    /// Ids that a bucket gets on average, of the seven that it has room for: 13.1 bytes of index for a row, and one
    /// id in thirty lies outside of its bucket.
    private static let idsPerBucket = 4.9

    private var header: SnapshotHeader
    private let path: String
    private let temporary: String
    private let descriptor: CInt
    private var isInPlace = false
    private let hash: IDHash

    private var rows: SectionWriter
    private var timestamps: SectionWriter
    private var index: IndexWriter
    private var rowCount: UInt64 = 0

    /// - Parameter rowCount: how many rows will come, exactly.
    init(
        path: String,
        format: RowFormat,
        rowCount: Int,
        seed: UInt64,
        fingerprint: [UInt8]
    ) throws(ServingError) {
        guard rowCount < SnapshotHeader.maximumRows else {
            throw .invalidArgument("a table has \(rowCount) rows; expected less than 2^32 - 1")
        }
        guard fingerprint.count <= SnapshotHeader.maximumFingerprint else {
            throw .invalidArgument(
                "a fingerprint has \(fingerprint.count) bytes; expected at most \(SnapshotHeader.maximumFingerprint)"
            )
        }
        let places = UInt64(Double(rowCount) / Self.idsPerBucket) + 1
        let header = SnapshotHeader(
            format: format,
            rowCount: UInt64(rowCount),
            placeCount: places,
            bucketCount: places,
            seed: seed,
            checksumsCRC: 0,
            fingerprint: fingerprint
        )
        guard let layout = header.layout else { throw .invalidArgument("a table has too many rows: \(rowCount)") }
        let (descriptor, temporary) = try Self.makeFile(beside: path)
        self.header = header
        self.path = path
        self.descriptor = descriptor
        self.temporary = temporary
        hash = IDHash(seed: seed)
        rows = SectionWriter(descriptor: descriptor, path: path, section: layout.rows)
        timestamps = SectionWriter(descriptor: descriptor, path: path, section: layout.timestamps)
        index = IndexWriter(placeCount: places)
    }

    private static func makeFile(beside path: String) throws(ServingError) -> (descriptor: CInt, name: String) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .ofSystem("a file beside \(path) cannot be made", .unavailable) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return (descriptor, String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    deinit {
        close(descriptor)
        if !isInPlace { unlink(temporary) }
    }

    /// - Parameters:
    ///   - id: whose hash is above that of the one before.
    ///   - row: as it is stored.
    mutating func append(id: Int64, row: UnsafeRawPointer, timestamp: UInt32) throws(ServingError) {
        let count = header.format.byteCount
        try rows.append(count) { $0.copyMemory(from: row, byteCount: count) }
        try timestamps.append(4) { $0.storeBytes(of: timestamp, as: UInt32.self) }
        index.append(id, hash(id), row: UInt32(rowCount))
        rowCount += 1
    }

    /// Puts the file into its place.
    ///
    /// - Throws: what the system says. Nothing is left beside the place then.
    mutating func finish() throws(ServingError) {
        guard rowCount == header.rowCount else {
            throw .internalError("\(rowCount) rows came for a snapshot of \(header.rowCount)")
        }
        index.finish()
        header.bucketCount = UInt64(index.bucketCount)
        guard let layout = header.layout else { throw .internalError("the index of \(path) became too long") }
        try rows.finish()
        try timestamps.finish()
        var buckets = SectionWriter(descriptor: descriptor, path: path, section: layout.buckets)
        try index.write(to: &buckets)
        try buckets.finish()
        try writeEnds(layout, checksums: rows.checksums + timestamps.checksums + buckets.checksums)
        guard fsync(descriptor) == 0 else { throw .ofSystem("\(path) cannot be written", .resourceExhausted) }
        guard rename(temporary, path) == 0 else { throw .ofSystem("\(path) cannot be replaced", .unavailable) }
        isInPlace = true
        syncFolder()
    }

    private mutating func writeEnds(_ layout: SnapshotLayout, checksums: [UInt32]) throws(ServingError) {
        let table = checksums.flatMap { checksum in withUnsafeBytes(of: checksum.littleEndian) { Array($0) } }
        header.checksumsCRC = table.withUnsafeBytes { CRC32C.checksum($0) }
        try FileBytes.write(table, to: descriptor, at: layout.checksums.lowerBound, path)
        try FileBytes.write(header.encoded(byteCount: layout.byteCount), to: descriptor, at: 0, path)
    }

    /// Without it a crash may bring the old file back.
    private func syncFolder() {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
