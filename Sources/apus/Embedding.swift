import ArgumentParser
import EmbeddingDump
import Glibc
import ServingPrimitives

/// `apus embedding`: dumps of embedding tables, as Monolith's training writes them.
struct Embedding: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedding",
        abstract: "Inspect, convert and print dumps of Monolith's embedding tables; calculate what shards take.",
        discussion: """
            A dump is what training exports beside a graph: the rows of its hash tables, in files like \
            NAME-00000-of-00004. Dumps of one table are TFRecord files; those of several tables are compressed with Snappy \
            and have metadata beside them (NAME.meta-00000-of-00004). docs/embedding.md describes both.

            PATH is a folder with dumps, the folder of an exported version (its assets are meant), or what the names of \
            one dump's files begin with. Every record's checksum is verified; what is damaged is named with its file and \
            the number of the record, counted from 0.

            EXAMPLES
              What a shard holds, and whether all of it can be read:
                apus embedding inspect exported_models/ps_0/1622716114

              Two rows of a table:
                apus embedding dump exported_models/ps_0/1622716114 --id 10 --id 25

              All tables in one dump for serving, a shard for each of four threads:
                apus embedding convert exported_models/ps_0/1622716114 tables/MonolithMultiHashTable_0 \\
                    --layout multi --shards 4 --drop-optimizer
            """,
        subcommands: [InspectEmbeddings.self, ConvertEmbeddings.self, PrintEmbeddings.self, PlanEmbeddings.self]
    )
}

/// What the commands that read dumps have in common.
struct DumpOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A folder with dumps, that of an exported version, or NAME without -00000-of-00004.")
    )
    var path: String

    @Option(
        name: .customLong("table"),
        help: ArgumentHelp("Only this table; repeat for more. Without it all.", valueName: "name")
    )
    var tables: [String] = []

    /// - Throws: when a dump there is not whole, or has no such table.
    func source() throws -> (dumps: [DumpFiles], source: DumpImport) {
        let dumps = try DumpCatalog(at: path).complete()
        let wanted = Set(tables)
        let source = try DumpImport(dumps, selecting: { wanted.isEmpty || wanted.contains($0) })
        if let missing = tables.first(where: { name in !source.tables.contains { $0.name == name } }) {
            let there = (source.tables.map(\.name) + source.skippedTables).sorted().joined(separator: ", ")
            throw ServingError.notFound("\(path): there is no table \(missing), but \(there)")
        }
        return (dumps, source)
    }
}

/// How fast, and what is said meanwhile.
struct DumpReadingOptions: ParsableArguments {
    @Option(help: "Threads that read. Without it, as many as the process may use cores.")
    var threads: Int?

    @Flag(help: "Say nothing on the way.")
    var quiet = false

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is 1 to 1024; not \(threads)")
        }
    }

    var threadCount: Int { threads ?? max(ThreadCores.allowed.count, 1) }

    /// Runs `body` on a thread of its own and tells on standard error how far it has come: a line that changes on a
    /// terminal, else one every ten seconds.
    func withProgress<Result: Sendable>(
        of totalBytes: UInt64,
        _ body: @escaping @Sendable (ImportProgress) throws(ServingError) -> Result
    ) throws(ServingError) -> Result {
        let progress = ImportProgress()
        let result = BlockingResult<Result, ServingError>()
        try startThreadIfPossible(named: "dump-main") {
            do throws(ServingError) {
                result.set(.success(try body(progress)))
            } catch {
                result.set(.failure(error))
            }
        }
        guard !quiet else { return try result.wait().get() }
        let isTerminal = isatty(STDERR_FILENO) == 1
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            if let outcome = result.wait(nanoseconds: isTerminal ? 200_000_000 : 10_000_000_000) {
                if isTerminal { BenchFiles.writeToStandardError("\r\u{1b}[K") }
                let value = try outcome.get()
                BenchFiles.writeToStandardError("\(ImportLine.summary(progress, after: clock.now - start))\n")
                return value
            }
            let line = ImportLine.text(progress, of: totalBytes, after: clock.now - start)
            BenchFiles.writeToStandardError(isTerminal ? "\r\u{1b}[K\(line)" : "\(line)\n")
        }
    }
}

/// How far an import is, for a person.
enum ImportLine {
    /// `42 % of 1200 MB, 4200000 entries, 1050000 a second, 5 s left`
    static func text(_ progress: ImportProgress, of totalBytes: UInt64, after time: Duration) -> String {
        let share = totalBytes == 0 ? 1 : min(Double(progress.bytesRead) / Double(totalBytes), 1)
        let elapsed = seconds(time)
        let left = share > 0 ? ", \(Int((elapsed / share - elapsed).rounded(.up))) s left" : ""
        let rate = Int(Double(progress.entryCount) / elapsed)
        return
            "\(Int(share * 100)) % of \(totalBytes / 1_000_000) MB, \(progress.entryCount) entries, \(rate) a second\(left)"
    }

    /// `10000000 entries in 4.2 s, 2380952 a second`
    static func summary(_ progress: ImportProgress, after time: Duration) -> String {
        let elapsed = seconds(time)
        let rate = Int(Double(progress.entryCount) / elapsed)
        return "\(progress.entryCount) entries in \((elapsed * 1000).rounded() / 1000) s, \(rate) a second"
    }

    private static func seconds(_ time: Duration) -> Double {
        max(Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18, 1e-6)
    }
}
