import ArgumentParser
import EngineEmbedding
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a table of embeddings costs: import, start, memory, lookups, updates. No server.
@main struct EmbeddingTableBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedding-table",
        abstract: "Measures a table of embeddings: import, start from a snapshot, memory, lookups, updates.",
        discussion: """
            Lookups are timed by the processor time of their thread, the least of several rounds; the gain of threads
            by the clock, in turns with one thread alone.
            """
    )

    @Option(help: "Rows of the table.")
    var rows = 10_000_000

    @Option(help: "Numbers of a row.")
    var dimension = 32

    @Option(help: "fp32, fp16, fixed_r8 or one_bit.")
    var compression = "fp16"

    @Option(help: "Ids of a lookup.")
    var batch = 500

    @Option(help: "Share of ids that are there.")
    var hits = 0.5

    @Option(help: "Seconds of each measurement.")
    var seconds = 2.0

    @Option(help: "Rows that the writer changes in a second.")
    var updates = 50_000

    @Option(help: "Threads of the measurement of several.")
    var threads = 2

    @Option(help: "Folder for the snapshot, some gigabyte.")
    var folder = "/tmp"

    func validate() throws {
        guard rows > 0, batch > 0, (0...1).contains(hits), threads > 0, seconds > 0 else {
            throw ValidationError("numbers are to be positive, --hits from 0 to 1")
        }
    }

    func run() throws {
        let format = try RowFormat([RowSegment(dimension: dimension, compression: try kind)])
        let path = "\(folder)/embedding-table-benchmark.\(getpid())"
        defer { unlink(path) }
        print("\(rows) rows of \(dimension) numbers in \(compression), batches of \(batch), \(hits) of the ids there")
        try importRows(format, to: path)
        for placement in [Snapshot.Placement.mapped, .hugePages] { try measure(placement, path) }
    }

    private var kind: RowCompression {
        get throws {
            switch compression {
            case "fp32": .fp32
            case "fp16": .fp16
            case "fixed_r8": .fixedR8(range: 1)
            case "one_bit": .oneBit(scale: 1, amplitude: 0.1)
            default: throw ValidationError("--compression is \(compression); expected fp32, fp16, fixed_r8 or one_bit")
            }
        }
    }

    private func importRows(_ format: RowFormat, to path: String) throws {
        let numbers = (0..<dimension).map { Float($0) / 64 - 0.25 }
        let start = Clock.thread()
        let builder = SnapshotBuilder(format: format)
        try numbers.withUnsafeBufferPointer { numbers in
            for row in 0..<rows { try builder.add(id: Queries.id(row), numbers: numbers, timestamp: 1_700_000_000) }
        }
        let added = Clock.thread()
        try builder.write(to: path)
        let written = Clock.thread()
        show("import, one thread: rows/s", Double(rows) / (written - start))
        show("  of it adding, ns/row", (added - start) / Double(rows) * 1e9)
        show("  of it sorting and writing, ns/row", (written - added) / Double(rows) * 1e9)
    }

    private func measure(_ placement: Snapshot.Placement, _ path: String) throws {
        let queries = Queries(rows: rows, hits: hits, batch: batch)
        print(placement == .mapped ? "mapped, ordinary pages" : "copied into huge pages")
        let start = Clock.wall()
        let snapshot = try Snapshot(path: path, placement: placement)
        let table = try EmbeddingTable(snapshot, limits: TableLimits(maximumBytes: 16 << 30))
        _ = try queries.lookUp(table, rounds: 1)
        show("  start, everything verified, to the first answer: ms", (Clock.wall() - start) * 1e3)
        let overhead = Double(snapshot.byteCount) / Double(rows) - Double(snapshot.format.byteCount)
        show("  bytes a row above the compressed row", overhead)
        try measureLookups(table, queries)
        try measureUpdates(table, queries)
    }

    private func measureLookups(_ table: EmbeddingTable, _ queries: Queries) throws {
        show("  one thread, ns a lookup", try queries.best(table, seconds: seconds))
        let all = Queries(rows: rows, hits: 1, batch: batch)
        show("  one thread, all ids there, ns a lookup", try all.best(table, seconds: seconds))
        let single = Queries(rows: rows, hits: hits, batch: 1)
        show("  one thread, one id at a time, ns a lookup", try single.best(table, seconds: seconds))
        let gain = Scaling.measure(table, queries, threads: threads, seconds: seconds)
        show("  \(threads) threads, times one", gain)
    }

    private func measureUpdates(_ table: EmbeddingTable, _ queries: Queries) throws {
        let writer = UpdateStream(table: table, rows: rows, perSecond: updates)
        writer.start()
        let rate = Clock.wall()
        show("  one thread while \(updates) rows/s change, ns a lookup", try queries.best(table, seconds: seconds))
        let gain = Scaling.measure(table, queries, threads: threads, seconds: seconds)
        show("  \(threads) threads while \(updates) rows/s change, times one", gain)
        let elapsed = Clock.wall() - rate
        let result = writer.stop()
        show("    rows/s that were changed", Double(result.rows) / elapsed)
        show("    processor time of an update, ns/row", result.cpu / Double(max(result.rows, 1)) * 1e9)
        let statistics = table.statistics
        show("    rows in the overlay", Double(statistics.overlayRows))
        let bytes = Double(statistics.overlayBytes) / Double(max(statistics.overlayRows, 1))
        show("    bytes a row of the overlay above the compressed row", bytes - Double(table.format.byteCount))
    }

    private func show(_ what: String, _ value: Double) {
        let digits = value < 10 ? 2 : value < 1_000 ? 1 : 0
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        print("\(what): \(digits == 0 ? "\(Int(rounded))" : "\(rounded)")")
    }
}
