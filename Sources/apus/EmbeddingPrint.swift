import ArgumentParser
import EmbeddingDump
import Glibc
import ServingPrimitives
import Synchronization

/// `apus embedding dump`: entries as text.
struct PrintEmbeddings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Print entries as JSON, one on a line.",
        discussion: """
            A line has the table, the id, the time of the last update in seconds since 1970 (0: unknown), what its \
            segments were trained with where that is told, and the values. The largest file comes first; within a file the \
            order is its own.

            EXAMPLES
              The first three entries:
                apus embedding dump ps_0/1622716114 --limit 3

              One id in all tables:
                apus embedding dump ps_0/1622716114 --id 10
            """
    )

    @OptionGroup var dump: DumpOptions

    @Option(
        name: .customLong("id"),
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Only the entry of this id; repeat for more.", valueName: "id")
    )
    var ids: [Int64] = []

    @Option(help: "Print no more than this many entries.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit is 0 or more; not \(limit)") }
    }

    func run() throws {
        let (_, source) = try dump.source()
        let printer = EntryPrinter(source.tables.map(\.name), ids: Set(ids), limit: limit ?? .max)
        // One thread: the same order each time.
        try printer.print(source)
    }
}

/// Prints those entries that are asked for until there are enough.
private final class EntryPrinter: Sendable {
    private let tables: [String]
    private let ids: Set<Int64>
    private let remaining: Atomic<Int>
    private let progress = ImportProgress()

    init(_ tables: [String], ids: Set<Int64>, limit: Int) {
        self.tables = tables
        self.ids = ids
        remaining = Atomic(limit)
    }

    func print(_ source: DumpImport) throws(ServingError) {
        guard remaining.load(ordering: .relaxed) > 0 else { return }
        do throws(ServingError) {
            try source.run(threads: 1, progress: progress) { (batch) throws(ServingError) in try self.take(batch) }
        } catch {
            // Enough was printed.
            guard error.code == .cancelled else { throw error }
        }
    }

    private func take(_ batch: EntryBatch) throws(ServingError) {
        var text: [UInt8] = []
        for index in 0..<batch.count where ids.isEmpty || ids.contains(batch.ids[index]) {
            guard remaining.load(ordering: .relaxed) > 0 else { break }
            remaining.wrappingSubtract(1, ordering: .relaxed)
            EntryLine.append(batch, index, table: tables[batch.table], to: &text)
        }
        try write(text)
        if remaining.load(ordering: .relaxed) == 0 { progress.cancel() }
    }

    private func write(_ text: [UInt8]) throws(ServingError) {
        var rest = text[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unavailable("standard output; \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }
}
