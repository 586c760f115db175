import ServingPrimitives
import Synchronization

/// One import on its way: what its threads share.
final class ImportRun: Sendable {
    typealias Take = @Sendable (EntryBatch) throws(ServingError) -> Void

    private let shards: [ShardReader]
    private let tables: [DumpImport.Table]
    private let widths: TableWidths
    private let progress: ImportProgress
    private let take: Take
    private let nextShard = Atomic<Int>(0)
    private let hasFailed = Atomic<Bool>(false)
    private let failure = Mutex<ServingError?>(nil)

    /// More than any machine has cores for.
    private static let maximumThreads = 1024

    init(
        shards: [ShardReader],
        tables: [DumpImport.Table],
        widths: TableWidths,
        progress: ImportProgress,
        take: @escaping Take
    ) {
        self.shards = shards
        self.tables = tables
        self.widths = widths
        self.progress = progress
        self.take = take
    }

    func run(threads: Int) throws(ServingError) {
        let others = ThreadGroup()
        for worker in 1..<max(2, min(threads, Self.maximumThreads)) where worker < threads {
            // With fewer threads it takes longer.
            guard others.start(named: "dump-import", { self.work(worker) }) else { break }
        }
        work(0)
        others.wait()
        if let failure = failure.withLock({ $0 }) { throw failure }
        if progress.isCancelled { throw ServingError(.cancelled, "The import was cancelled") }
    }

    private var isOver: Bool { hasFailed.load(ordering: .relaxed) || progress.isCancelled }

    private func work(_ worker: Int) {
        let decoder = BatchDecoder(worker: worker, tables: tables, widths: widths)
        let chunk = RecordChunk()
        do throws(ServingError) {
            while let shard = nextUntouched() { try read(shard, chunk, decoder) }
            for index in shards.indices { try read(shards[(index + worker) % shards.count], chunk, decoder) }
        } catch {
            failure.withLock { if $0 == nil { $0 = error } }
            hasFailed.store(true, ordering: .relaxed)
        }
    }

    private func nextUntouched() -> ShardReader? {
        let index = nextShard.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < shards.count ? shards[index] : nil
    }

    private func read(_ shard: ShardReader, _ chunk: RecordChunk, _ decoder: BatchDecoder) throws(ServingError) {
        while !isOver, try shard.next(into: chunk, progress) {
            for (table, records) in shard.sections(of: chunk) {
                let batch = try decoder.decode(chunk, records, of: table, in: shard)
                try take(batch)
                progress.add(entries: records.count)
            }
        }
    }
}
