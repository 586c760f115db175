import ServingConfig

/// How many threads of each kind a process runs, from the cores it may use.
struct ThreadCounts: Sendable, Hashable {
    /// Event loops: parse, admit, encode, and run models that take less than a hand-over.
    var eventLoops: Int
    /// Engine threads: run everything else.
    var engineThreads: Int
    /// Threads that load versions.
    var loadThreads: Int

    /// One loop carries well over 100,000 small calls a second, so a second one pays only because short runs happen on
    /// the loops; beyond that a quarter of the cores is plenty. As many engine threads as cores give the most answers;
    /// more only add latency.
    static func choose(cores: Int, engine: ServerConfiguration.Engine, loading: ServerConfiguration.Loading) -> Self {
        ThreadCounts(
            eventLoops: engine.eventLoops > 0 ? engine.eventLoops : min(max(cores / 4, 2), 16),
            engineThreads: engine.threads > 0 ? engine.threads : max(cores, 1),
            loadThreads: loading.threads > 0 ? loading.threads : min(max(cores, 1), 4)
        )
    }
}
