import ArgumentParser

/// What a table of embeddings costs: import, start, memory, lookups, updates. No server.
@main struct EmbeddingTableBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedding-table",
        abstract: "Measures tables of embeddings: import, start from a snapshot, memory, lookups, updates.",
        discussion: """
            Lookups are timed by the processor time of their thread, in stretches of some milliseconds: shown is the mean \
            of the fastest quarter, as what disturbs only ever adds. The gain of threads is shown by the clock and by \
            processor time, each in turns with one thread alone: where others use the machine, the first has their noise.
            """,
        subcommands: [TableFigures.self, EngineFigures.self, WriteDump.self],
        defaultSubcommand: TableFigures.self
    )
}
