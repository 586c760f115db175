public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Collects the rows of a table, in any order, and writes them as a snapshot.
///
/// For one thread. Several threads have a builder each, with one seed, and one call writes what all of them have.
/// Rows are kept compressed, in parts by their hash; these are sorted when the snapshot is written, and the file is
/// written from start to end. Takes the memory of the stored rows and 28 bytes for each.
public final class SnapshotBuilder {
    public let format: RowFormat
    public let seed: UInt64
    private let coder: RowCoder
    private let hash: IDHash
    private let parts: [RowLog]

    private static let partCount = 1 << 10

    /// - Parameter seed: of the hash; the same for builders that are written together.
    public init(format: RowFormat, seed: UInt64 = .random(in: 0...UInt64.max)) {
        self.format = format
        self.seed = seed
        coder = RowCoder(format)
        hash = IDHash(seed: seed)
        parts = (0..<Self.partCount).map { _ in RowLog(rowByteCount: format.byteCount) }
    }

    /// Rows that came, those of one id counted each time.
    public var count: Int { parts.reduce(0) { $0 + $1.count } }

    /// Adds a row; of several with one id the last counts.
    ///
    /// - Parameters:
    ///   - numbers: `format.dimension` of them; they are compressed here.
    ///   - timestamp: when the row was last changed, in seconds since 1970; 0 when nobody knows.
    public func add(id: Int64, numbers: UnsafeBufferPointer<Float>, timestamp: UInt32) throws(ServingError) {
        guard numbers.count == format.dimension, let start = numbers.baseAddress else {
            throw .invalidArgument(
                "the row of id \(id) has \(numbers.count) numbers; those of the table have \(format.dimension)"
            )
        }
        let part = Int(truncatingIfNeeded: hash(id) >> (64 - UInt64(Self.partCount.trailingZeroBitCount)))
        coder.encode(start, into: parts[part].append(id, timestamp))
    }

    /// Writes what this builder and others have. They keep it.
    ///
    /// - Parameters:
    ///   - path: where the snapshot goes, in place of what is there.
    ///   - others: with the same format and seed. Of rows with one id, that of the last builder counts.
    ///   - fingerprint: what the snapshot was made from, for whoever looks later; at most 256 bytes.
    /// - Throws: what the system says; nothing is changed then.
    public func write(
        to path: String,
        with others: [SnapshotBuilder] = [],
        fingerprint: [UInt8] = []
    ) throws(ServingError) {
        let builders = [self] + others
        guard builders.allSatisfy({ $0.format == format && $0.seed == seed }) else {
            throw .invalidArgument("builders with several formats or seeds were to be written together")
        }
        // The number of rows without repetitions comes first, so the order of all parts is there before any is written.
        let ordered = (0..<Self.partCount).map { Self.order(builders, $0, hash) }
        let rowCount = ordered.reduce(0) { $0 + $1.count }
        var writer = try SnapshotWriter(
            path: path,
            format: format,
            rowCount: rowCount,
            seed: seed,
            fingerprint: fingerprint
        )
        for part in ordered {
            for entry in part {
                let record = entry.record
                try writer.append(id: record.id, row: record.row, timestamp: record.timestamp)
            }
        }
        try writer.finish()
    }

    private struct Entry {
        let hash: UInt64
        let record: RowLog.Record
    }

    /// The rows of a part in the order of their hashes, each id once.
    private static func order(_ builders: [SnapshotBuilder], _ part: Int, _ hash: IDHash) -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(builders.reduce(0) { $0 + $1.parts[part].count })
        for builder in builders {
            builder.parts[part].forEachRecord { entries.append(Entry(hash: hash($0.id), record: $0)) }
        }
        // The sort is stable: the last of equal ones is the one that came last.
        entries.sort { $0.hash < $1.hash }
        var kept = 0
        for index in entries.indices {
            if kept > 0, entries[kept - 1].hash == entries[index].hash { kept -= 1 }
            entries[kept] = entries[index]
            kept += 1
        }
        entries.removeSubrange(kept...)
        return entries
    }
}
