import ArgumentParser
import EmbeddingDump
import ServingPrimitives

/// `apus embedding inspect`: which tables a dump has, and whether it is whole.
struct InspectEmbeddings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show the tables of dumps: entries, width, when they were updated; checks every record.",
        discussion: """
            The exit status is 0 when everything could be read. Otherwise the first fault is told: its file, the number of \
            the record from 0, the byte, and what is wrong.

            Widths are values of a row: for Monolith's slices of a bias and a vector of 16 that is 17. What optimizers \
            left, and whether values are packed, is taken from one entry in several hundred.
            """
    )

    @OptionGroup var dump: DumpOptions
    @OptionGroup var reading: DumpReadingOptions

    @Flag(help: "Only look at which files there are and what their metadata says; takes no time.")
    var metadataOnly = false

    @Flag(help: "Print JSON, on one line.")
    var json = false

    func run() throws {
        let (dumps, source) = try dump.source()
        let report = try report(dumps, source)
        print(json ? report.json : report.text, terminator: json ? "\n" : "")
    }

    private func report(_ dumps: [DumpFiles], _ source: DumpImport) throws(ServingError) -> DumpReport {
        if metadataOnly { return DumpReport(dumps, metadataOnly: source) }
        let threads = reading.threadCount
        return try reading.withProgress(of: source.byteCount) { (progress) throws(ServingError) in
            try DumpReport(dumps, reading: source, threads: threads, progress: progress)
        }
    }
}
