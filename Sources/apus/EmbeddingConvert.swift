import ArgumentParser
import EmbeddingDump
import ServingPrimitives

/// `--layout`
enum DumpLayoutArgument: String, ExpressibleByArgument, CaseIterable {
    case plain, multi

    var layout: DumpFiles.Layout {
        switch self {
        case .plain: .plain
        case .multi: .multi
        }
    }
}

/// `apus embedding convert`: the same entries in other files.
struct ConvertEmbeddings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write the entries of dumps anew: in another layout, other shards, without optimizer states.",
        discussion: """
            What is written can be read by Monolith's own restore operations. Files get their names when they are whole, and \
            nothing is written over; a fault of the source leaves nothing behind.

            Entries pass through files beside the target, not through memory: while a dump of several tables is written \
            the disk needs room for it uncompressed as well.

            EXAMPLES
              The tables of a training job without what only training needs, in one dump of four shards:
                apus embedding convert ps_0/1622716114 out/MonolithMultiHashTable_0 --layout multi --shards 4 --drop-optimizer

              Back to a dump for each table, in the folder plain:
                apus embedding convert out/MonolithMultiHashTable_0 plain --layout plain
            """
    )

    @OptionGroup var dump: DumpOptions

    @Argument(
        help: ArgumentHelp(
            "With --layout multi what the new files' names begin with; with --layout plain a folder, where each dump has "
                + "its table's name."
        )
    )
    var target: String

    @Option(help: "plain: an uncompressed dump for each table. multi: one dump of all, compressed with Snappy.")
    var layout: DumpLayoutArgument

    @Option(help: "Shards of each dump, which are read by as many threads of Monolith.")
    var shards = 1

    @Flag(help: "Leave out what optimizers need: about half as large, and no training can go on from it.")
    var dropOptimizer = false

    @Flag(inversion: .prefixedNo, help: "Write values packed, four bytes each for five. Without it as they are.")
    var packed: Bool?

    @OptionGroup var reading: DumpReadingOptions

    func validate() throws {
        if !(1...DumpConversion.maximumShardCount).contains(shards) {
            throw ValidationError("--shards is 1 to \(DumpConversion.maximumShardCount); not \(shards)")
        }
    }

    func run() throws {
        let (_, source) = try dump.source()
        let conversion = DumpConversion(
            layout: layout.layout,
            shardCount: shards,
            keepsOptimizer: !dropOptimizer,
            isPacked: packed
        )
        let (destination, threads) = (target, reading.threadCount)
        let written = try reading.withProgress(of: source.byteCount) { (progress) throws(ServingError) in
            try conversion.run(source, to: destination, threads: threads, progress: progress)
        }
        for dump in written {
            print("\(dump.base): \(dump.shardCount) shard\(dump.shardCount == 1 ? "" : "s")")
        }
    }
}
