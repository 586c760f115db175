import ArgumentParser

/// What is looked up, and how much of it.
struct Sizes: ParsableArguments {
    @Option(help: "Rows of the table.")
    var rows = 10_000_000

    @Option(help: "Numbers of a row.")
    var dimension = 32

    @Option(help: "Ids of a lookup.")
    var batch = 500

    @Option(help: "Share of ids that are there.")
    var hits = 0.5

    @Option(help: "Seconds of each measurement.")
    var seconds = 4.0

    @Option(help: "Rows that the writer changes in a second.")
    var updates = 50_000

    @Option(help: "Threads of the measurement of several.")
    var threads = 2

    func validate() throws {
        guard rows > 0, batch > 0, (0...1).contains(hits), threads > 0, seconds > 0, updates > 0, dimension > 0 else {
            throw ValidationError("numbers are to be positive, --hits from 0 to 1")
        }
    }

    var queries: Queries { Queries(rows: rows, hits: hits, batch: batch) }

    func queries(hits: Double) -> Queries { Queries(rows: rows, hits: hits, batch: batch) }

    func queries(batch: Int) -> Queries { Queries(rows: rows, hits: hits, batch: batch) }
}
