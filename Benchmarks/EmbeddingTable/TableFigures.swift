import ArgumentParser
import EngineEmbedding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A table by itself: no engine, no journal.
struct TableFigures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table",
        abstract: "A table by itself: import, start, memory, lookups on ordinary and huge pages, updates."
    )

    @OptionGroup var sizes: Sizes

    @Option(help: "fp32, fp16, fixed_r8 or one_bit.")
    var compression = "fp16"

    @Option(help: "Folder for the snapshot, some gigabyte.")
    var folder = "/tmp"

    func run() throws {
        let format = try RowFormat([RowSegment(dimension: sizes.dimension, compression: try kind)])
        let path = "\(folder)/embedding-table-benchmark.\(getpid())"
        defer { unlink(path) }
        print(
            "\(sizes.rows) rows of \(sizes.dimension) numbers in \(compression), batches of \(sizes.batch), \(sizes.hits) of the ids there"
        )
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
        let numbers = (0..<sizes.dimension).map { Float($0) / 64 - 0.25 }
        let start = Clock.thread()
        let builder = SnapshotBuilder(format: format)
        try numbers.withUnsafeBufferPointer { numbers in
            for row in 0..<sizes.rows {
                try builder.add(id: Queries.id(row), numbers: numbers, timestamp: 1_700_000_000)
            }
        }
        let added = Clock.thread()
        try builder.write(to: path)
        let written = Clock.thread()
        let rows = Double(sizes.rows)
        Figure.show("rows made a snapshot, rows/s of processor time", rows / (written - start))
        Figure.show("  of it adding, ns/row", (added - start) / rows * 1e9)
        Figure.show("  of it sorting and writing, ns/row", (written - added) / rows * 1e9)
    }

    private func measure(_ placement: Snapshot.Placement, _ path: String) throws {
        let pages = placement == .mapped ? "ordinary pages" : "huge pages"
        let start = Clock.wall()
        let snapshot = try Snapshot(path: path, placement: placement)
        let table = try EmbeddingTable(snapshot, limits: TableLimits(maximumBytes: 16 << 30))
        Figure.show("\(pages): start, everything verified, ms", (Clock.wall() - start) * 1e3)
        let overhead = Double(snapshot.byteCount) / Double(sizes.rows) - Double(snapshot.format.byteCount)
        Figure.show("\(pages): bytes a row above the compressed row", overhead)
        let mixed = try TableSubject(table, sizes.queries)
        Figure.show("\(pages): one thread, ns/lookup", try LookupTiming.measure(mixed, seconds: sizes.seconds))
        let all = try TableSubject(table, sizes.queries(hits: 1))
        Figure.show(
            "\(pages): one thread, all ids there, ns/lookup",
            try LookupTiming.measure(all, seconds: sizes.seconds)
        )
        let single = try TableSubject(table, sizes.queries(batch: 1))
        Figure.show(
            "\(pages): one thread, one id at a time, ns/lookup",
            try LookupTiming.measure(single, seconds: sizes.seconds)
        )
        Scaling.measure(mixed, threads: sizes.threads, seconds: sizes.seconds).show(
            "\(pages): \(sizes.threads) threads"
        )
        try measureUpdates(table, mixed, pages)
    }

    private func measureUpdates(_ table: EmbeddingTable, _ subject: TableSubject, _ pages: String) throws {
        let numbers = [Float](repeating: 0.5, count: sizes.updates * sizes.dimension)
        let dimension = sizes.dimension
        let writer = UpdateStream(rows: sizes.rows, perSecond: sizes.updates) { ids in
            let summary = try table.update(
                ids.span,
                numbers.span.extracting(0..<ids.count * dimension),
                timestamp: 1_800_000_000
            )
            guard summary.refused == 0 else { throw BenchmarkFailure("\(summary.refused) rows were refused") }
        }
        writer.start()
        Figure.show(
            "\(pages): one thread during updates, ns/lookup",
            try LookupTiming.measure(subject, seconds: sizes.seconds)
        )
        Scaling.measure(subject, threads: sizes.threads, seconds: sizes.seconds)
            .show("\(pages): \(sizes.threads) threads during updates")
        let outcome = try writer.stop()
        Figure.show("\(pages): updates, rows/s", outcome.rowsPerSecond)
        Figure.show("\(pages): updates, ns/row of processor time", outcome.nanosecondsPerRow)
        let statistics = table.statistics
        let bytes = Double(statistics.overlayBytes) / Double(max(statistics.overlayRows, 1))
        Figure.show("\(pages): rows in the overlay", Double(statistics.overlayRows))
        Figure.show(
            "\(pages): bytes a row of the overlay above the compressed row",
            bytes - Double(table.format.byteCount)
        )
    }
}
