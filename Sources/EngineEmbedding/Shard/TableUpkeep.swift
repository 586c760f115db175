import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a table needs beside requests: rows whose time is over go, and what was pushed becomes a part of the snapshot
/// before its bytes are used up.
final class TableUpkeep: Sendable {
    private let name: String
    private let table: EmbeddingTable
    private let eviction: EvictionSchedule?
    private let cache: SnapshotCache
    private let placement: Snapshot.Placement
    /// Pushed rows from which on the table is compacted.
    private let manyRows: Int
    private let log: @Sendable (String) -> Void
    /// When rows are looked through again, in seconds since 1970; `nil` before the first call.
    private let nextEviction = Mutex<UInt32?>(nil)

    /// Bytes of a pushed row above its own, at most.
    private static let rowOverhead = 30

    init(
        _ name: String,
        _ table: EmbeddingTable,
        _ eviction: EvictionSchedule?,
        _ cache: SnapshotCache,
        _ options: EmbeddingOptions
    ) {
        self.name = name
        self.table = table
        self.eviction = eviction
        self.cache = cache
        placement = options.placement
        manyRows = max(1, options.updateBytes / 2 / (table.format.byteCount + Self.rowOverhead))
        log = options.log
    }

    /// - Parameter now: in seconds since 1970.
    func run(now: UInt32) {
        do throws(ServingError) {
            try evict(now: now)
            if table.statistics.overlayRows >= manyRows { try compact() }
        } catch {
            log("Table \(name) was not tidied up: \(error.message)")
        }
    }

    private func evict(now: UInt32) throws(ServingError) {
        guard let eviction else { return }
        let isDue = nextEviction.withLock { next in
            let (following, overflow) = now.addingReportingOverflow(max(eviction.everySeconds, 1))
            let isDue = next.map { now >= $0 } ?? false
            if next == nil || isDue { next = overflow ? .max : following }
            return isDue
        }
        guard isDue else { return }
        let count = try table.expire(eviction.policy, now: now)
        if count > 0 { log("\(count) rows of table \(name) were not updated for too long and are removed") }
    }

    private func compact() throws(ServingError) {
        try cache.prepare()
        // It is mapped, or copied: nobody needs its name. A start begins with the dump and the journal.
        let path = "\(cache.folder)/merged-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).emb"
        defer { unlink(path) }
        try table.compact(to: path, placement: placement)
    }
}
