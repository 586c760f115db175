public import ServingPrimitives
import Synchronization

/// What lies in dumps, as `apus embedding inspect` says it.
public struct DumpReport: Sendable {
    public struct Table: Sendable, Hashable {
        public var name: String
        public var entryCount: UInt64 = 0
        /// False where nothing but the entries themselves could tell how many there are.
        public var isCounted = true
        /// Values of a row; 0 for a table without entries.
        public var width = 0
        /// Entries whose values are all zero.
        public var zeroRows: UInt64 = 0
        /// Entries with a value that is infinite or no number.
        public var nonFiniteRows: UInt64 = 0
        public var packedRows: UInt64 = 0
        /// Of the entries that say when they were updated, in seconds since 1970.
        public var updateTimes: ClosedRange<Int64>?
        /// What optimizers left their states, a kind for each segment of the row, by an entry of each batch.
        public var optimizers: Set<String> = []
    }

    public let dumps: [DumpFiles]
    /// Of the files of entries.
    public let byteCount: UInt64
    public let tables: [Table]
    /// False where only the files and their metadata were looked at.
    public let isComplete: Bool

    /// Looks at what there is without reading entries.
    public init(_ dumps: [DumpFiles], metadataOnly source: DumpImport) {
        self.dumps = dumps
        byteCount = source.byteCount
        tables = source.tables.map { table in
            Table(name: table.name, entryCount: table.entryCount ?? 0, isCounted: table.entryCount != nil)
        }
        isComplete = false
    }

    /// Reads and checks all entries.
    ///
    /// - Parameter source: the import of these dumps, not run yet.
    /// - Throws: as `DumpImport.run`.
    public init(
        _ dumps: [DumpFiles],
        reading source: DumpImport,
        threads: Int,
        progress: ImportProgress = ImportProgress()
    ) throws(ServingError) {
        self.dumps = dumps
        byteCount = source.byteCount
        isComplete = true
        let census = EntryCensus(source.tables.map(\.name))
        try source.run(threads: threads, progress: progress) { census.count($0) }
        tables = census.tables
    }

    public var entryCount: UInt64 { tables.reduce(0) { $0 &+ $1.entryCount } }
}

/// Counts the entries of batches, from several threads.
private final class EntryCensus: Sendable {
    private let found: Mutex<[DumpReport.Table]>

    init(_ names: [String]) { found = Mutex(names.map { DumpReport.Table(name: $0) }) }

    var tables: [DumpReport.Table] { found.withLock { $0 } }

    func count(_ batch: EntryBatch) {
        var part = DumpReport.Table(name: "", entryCount: UInt64(batch.count), width: batch.width)
        for index in 0..<batch.count {
            let row = EntryCensus.look(at: batch.row(index))
            part.zeroRows += row.isZero ? 1 : 0
            part.nonFiniteRows += row.isFinite ? 0 : 1
            let time = batch.updateTimes[index]
            if time != 0 { part.include(time) }
        }
        // One entry stands for those beside it.
        if batch.count > 0, let entry = EntryForm(of: batch.record(0)) {
            if let optimizers = entry.optimizers { part.optimizers.insert(optimizers) }
            if entry.isPacked { part.packedRows = part.entryCount }
        }
        found.withLock { $0[batch.table].add(part) }
    }

    private static func look(at row: UnsafeBufferPointer<Float>) -> (isZero: Bool, isFinite: Bool) {
        var all: UInt32 = 0
        var isFinite = true
        for value in row {
            all |= value.bitPattern & 0x7FFF_FFFF
            isFinite = isFinite && value.isFinite
        }
        return (all == 0, isFinite)
    }
}

extension DumpReport.Table {
    fileprivate mutating func include(_ time: Int64) {
        let known = updateTimes ?? time...time
        updateTimes = min(known.lowerBound, time)...max(known.upperBound, time)
    }

    fileprivate mutating func add(_ part: Self) {
        entryCount += part.entryCount
        width = part.width
        zeroRows += part.zeroRows
        nonFiniteRows += part.nonFiniteRows
        packedRows += part.packedRows
        optimizers.formUnion(part.optimizers)
        if let times = part.updateTimes {
            include(times.lowerBound)
            include(times.upperBound)
        }
    }
}
