import ArgumentParser
import EngineEmbedding
import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A shard as an engine serves it: import of its dump, start, lookups of requests, pushes with their journal; and the same
/// requests to TensorFlow.
struct EngineFigures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "A shard as it is served, without the wire, and TensorFlow's tables beside it."
    )

    @OptionGroup var sizes: Sizes

    @Argument(help: "Version folder of a shard with one table; its ids are those of the other measurements.")
    var shard: String

    @Option(help: "Folder for its snapshots and journals, empty at first.")
    var cache: String

    @Option(
        help: "NAME=FOLDER: version folder of a SavedModel that answers raw_lookup as the shard does; repeat for more."
    )
    var tensorflow: [String] = []

    func run() throws {
        try measureLoads()
        let tables = try tensorflow.map(loadTable)
        for placement in [Snapshot.Placement.mapped, .hugePages] {
            let pages = placement == .mapped ? "ordinary pages" : "huge pages"
            // Pushes of the one before would be replayed.
            for path in files("push") { unlink(path) }
            let model = try engine(placement, keepingPushes: true).load(LoadRequest(path: shard))
            let subject = try EngineSubject(model, signature: "raw_lookup", sizes.queries, dimension: sizes.dimension)
            Figure.show(
                "\(pages): engine, one thread, ns/id",
                try LookupTiming.measure(subject, seconds: sizes.seconds)
            )
            for (name, table) in tables { try compare(subject, name, table, pages) }
            Scaling.measure(subject, threads: sizes.threads, seconds: sizes.seconds)
                .show("\(pages): engine, \(sizes.threads) threads")
            try measurePushes(model, subject, pages)
            model.close()
        }
        let start = Clock.wall()
        try engine(.mapped, keepingPushes: true).load(LoadRequest(path: shard)).close()
        Figure.show("start with the pushes of the journal, ms", (Clock.wall() - start) * 1e3)
    }

    private func engine(_ placement: Snapshot.Placement, keepingPushes: Bool) -> EmbeddingEngine {
        EmbeddingEngine(
            options: EmbeddingOptions(
                cacheFolder: cache,
                journalBytes: keepingPushes ? 1 << 30 : 0,
                journalSync: .always,
                placement: placement,
                threads: 1,
                log: { print("  (\($0))") }
            )
        )
    }

    // MARK: - Loading

    /// Each several times, of which the fastest counts: fresh memory of a virtual machine is slow at its first use.
    private func measureLoads() throws {
        var importTimes: [(wall: Double, processor: Double)] = []
        for _ in 0..<Self.repetitions {
            for path in files("emb") { unlink(path) }
            let start = (wall: Clock.wall(), processor: Clock.process())
            try load(.mapped)
            importTimes.append((Clock.wall() - start.wall, Clock.process() - start.processor))
        }
        let rows = Double(sizes.rows)
        Figure.show("import of the dump, entries/s", rows / (importTimes.map(\.wall).min() ?? 0))
        Figure.show(
            "import of the dump, entries/s of processor time",
            rows / (importTimes.map(\.processor).min() ?? 0)
        )
        try showStart("in the page cache, ordinary pages", .mapped)
        try showStart("in the page cache, huge pages", .hugePages)
        try showStart("on the disk, ordinary pages", .mapped, forgetting: true)
    }

    private static let repetitions = 3

    private func showStart(_ what: String, _ placement: Snapshot.Placement, forgetting: Bool = false) throws {
        var times: [Double] = []
        for _ in 0..<Self.repetitions {
            if forgetting, !forgetSnapshots() { return }
            let start = Clock.wall()
            try load(placement)
            times.append((Clock.wall() - start) * 1e3)
        }
        Figure.show("start from the snapshot \(what), ms", times.min() ?? 0)
    }

    private func load(_ placement: Snapshot.Placement) throws {
        try engine(placement, keepingPushes: false).load(LoadRequest(path: shard)).close()
    }

    /// Of the cache, with an ending.
    private func files(_ ending: String) -> [String] {
        (LocalFolder.names(in: cache) ?? []).filter { $0.hasSuffix(".\(ending)") }.map { "\(cache)/\($0)" }
    }

    /// Lets the system forget what it has of the snapshots in memory, which nobody maps.
    private func forgetSnapshots() -> Bool {
        var isDone = false
        for path in files("emb") {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            isDone = fsync(descriptor) == 0 && posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0
        }
        return isDone
    }

    // MARK: - TensorFlow

    private func loadTable(_ argument: String) throws -> (name: String, subject: EngineSubject) {
        guard let equals = argument.firstIndex(of: "=") else {
            throw ValidationError("expected NAME=FOLDER, not \(argument)")
        }
        let engine = TensorFlowEngine(options: TensorFlowOptions())
        let model = try engine.load(LoadRequest(path: String(argument[argument.index(after: equals)...])))
        let subject = try EngineSubject(model, signature: "raw_lookup", sizes.queries, dimension: sizes.dimension)
        return (String(argument[..<equals]), subject)
    }

    private func compare(_ subject: EngineSubject, _ name: String, _ table: EngineSubject, _ pages: String) throws {
        let times = try LookupTiming.measure(subject, table, seconds: 3 * sizes.seconds)
        Figure.show("\(pages): engine, in turns with \(name), ns/id", times.first)
        Figure.show("\(pages): TensorFlow's \(name), ns/id", times.second)
        Figure.show("\(pages): TensorFlow's \(name), times the engine", times.second / times.first)
    }

    // MARK: - Pushes

    private func measurePushes(_ model: any LoadedModel, _ subject: EngineSubject, _ pages: String) throws {
        guard let assign = model.signatures.firstIndex(where: { $0.name.hasSuffix("/raw_assign") }) else {
            throw BenchmarkFailure("the shard takes no pushes")
        }
        let names = model.signatures[assign].inputs.map(\.name)
        let dimension = sizes.dimension
        let writer = UpdateStream(rows: sizes.rows, perSecond: sizes.updates) { ids in
            let tensors = [
                "id": try Tensor(.int64, .vector(ids.count), scalars: ids),
                "id_split": try Tensor(.int64, .vector(2), scalars: [0, Int64(ids.count)]),
                "flat_value": try Tensor(
                    .float32,
                    .vector(ids.count * dimension),
                    scalars: [Float](repeating: 0.5, count: ids.count * dimension)
                ),
            ]
            _ = try model.run(RunRequest(signature: assign, inputs: names.compactMap { tensors[$0] }, outputs: [0]))
        }
        writer.start()
        Figure.show(
            "\(pages): engine, one thread during pushes, ns/id",
            try LookupTiming.measure(subject, seconds: sizes.seconds)
        )
        Scaling.measure(subject, threads: sizes.threads, seconds: sizes.seconds)
            .show("\(pages): engine, \(sizes.threads) threads during pushes")
        let outcome = try writer.stop()
        Figure.show("\(pages): pushes, rows/s", outcome.rowsPerSecond)
        Figure.show("\(pages): pushes, ns/row of processor time", outcome.nanosecondsPerRow)
        Figure.show("\(pages): pushes, the longest of \(max(1, sizes.updates / 100)) rows, ms", outcome.longest)
    }
}
