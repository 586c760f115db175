import EngineInterface
import Glibc
import Logging
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@testable import ModelServing

/// Counts what is loaded and closed; may fail, and may wait.
private final class CountingEngine: InferenceEngine {
    let name = "counting"
    let loads = Mutex<[String]>([])
    let closes = Mutex(0)
    let shares: Bool
    let load: @Sendable (String) throws(ServingError) -> Void

    init(shares: Bool = true, load: @escaping @Sendable (String) throws(ServingError) -> Void = { _ in }) {
        self.shares = shares
        self.load = load
    }

    func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        loads.withLock { $0.append(request.path) }
        try load(request.path)
        return Model(engine: self)
    }

    func canShare(_ request: LoadRequest) -> Bool { shares }

    var counts: [Int] { [loads.withLock(\.count), closes.withLock { $0 }] }

    private final class Model: LoadedModel {
        let signatures: [Signature] = []
        let engine: CountingEngine

        init(engine: CountingEngine) { self.engine = engine }

        func run(_ request: RunRequest) throws(ServingError) -> [Tensor] { [] }

        func close() { engine.closes.withLock { $0 += 1 } }
    }
}

@Suite struct SharingEngineTests {
    private let folder = TemporaryModels()
    private let reads = Counter()

    private final class Counter: Sendable {
        let count = Mutex(0)
    }

    /// Writes files of a version; returns its folder.
    private func write(_ name: String, _ files: [String: String]) -> String {
        let path = "\(folder.path)/\(name)"
        for (file, text) in files {
            var parent = path
            mkdir(parent, 0o755)
            for part in file.split(separator: "/").dropLast() {
                parent += "/\(part)"
                mkdir(parent, 0o755)
            }
            let descriptor = open("\(path)/\(file)", O_CREAT | O_WRONLY | O_TRUNC, 0o644)
            Glibc.write(descriptor, text, text.utf8.count)
            close(descriptor)
        }
        return path
    }

    private static let files = [
        "saved_model.pb": "graph", "variables/variables.index": "index", "variables/variables.data-0": "weights",
    ]

    private func sharing(_ engine: CountingEngine) -> SharingEngine {
        let contents = ContentNumbers { [reads] path in
            reads.count.withLock { $0 += 1 }
            guard let bytes = try? LocalFile.contents(of: path, limit: 1 << 20) else { return nil }
            return SHA256Digest(of: bytes)
        }
        return SharingEngine(
            engine,
            contents: contents,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func `the same files are loaded once, and end with the last who has them`() throws {
        let engine = CountingEngine()
        let sharing = sharing(engine)
        let a = try sharing.load(LoadRequest(path: write("a", Self.files)))
        let b = try sharing.load(LoadRequest(path: write("b", Self.files)))
        #expect(engine.counts == [1, 0])
        #expect(a.sharedCopy?.wasThere == false && b.sharedCopy?.wasThere == true)
        #expect(a.sharedCopy?.number == b.sharedCopy?.number)
        a.close()
        a.close()
        #expect(engine.counts == [1, 0])
        b.close()
        #expect(engine.counts == [1, 1])
        let again = try sharing.load(LoadRequest(path: "\(folder.path)/a"))
        #expect(engine.counts == [2, 1])
        withExtendedLifetime(again) {}
    }

    @Test func `what differs is loaded by itself`() throws {
        let engine = CountingEngine()
        let sharing = sharing(engine)
        var models = [try sharing.load(LoadRequest(path: write("a", Self.files)))]
        for (name, file, text) in [
            ("b", "saved_model.pb", "GRAPH"), ("c", "variables/variables.data-0", "WEIGHTS"),
            ("d", "variables/variables.index", "longer index"), ("e", "assets/words", ""),
        ] {
            models.append(try sharing.load(LoadRequest(path: write(name, Self.files.merging([file: text]) { $1 }))))
        }
        #expect(engine.counts == [5, 0])
        let a = LoadRequest(path: "\(folder.path)/a", tags: ["other"])
        models.append(try sharing.load(a))
        models.append(try sharing.load(LoadRequest(path: a.path, device: DeviceName("CPU:1"))))
        models.append(try sharing.load(LoadRequest(path: a.path, device: DeviceName("CPU:2"))))
        #expect(engine.counts == [8, 0])
        #expect(Set(models.compactMap { $0.sharedCopy?.number }).count == 7, "tags are the same for all of a server")
    }

    @Test func `warm-up data and checksums do not count, settings of the session do`() throws {
        let engine = CountingEngine()
        let sharing = sharing(engine)
        let held = try [
            Self.files, Self.files.merging(["assets.extra/tf_serving_warmup_requests": "x", "SHA256SUMS": "y"]) { $1 },
            Self.files.merging(["assets.extra/saved_model_config.pb": "z"]) { $1 },
        ].enumerated().map { try sharing.load(LoadRequest(path: write("m\($0)", $1))) }
        #expect(engine.counts == [2, 0])
        withExtendedLifetime(held) {}
    }

    @Test func `nothing is read where sizes differ, for links, or twice`() throws {
        let engine = CountingEngine()
        let sharing = sharing(engine)
        var held = [try sharing.load(LoadRequest(path: write("a", Self.files)))]
        held.append(
            try sharing.load(
                LoadRequest(path: write("b", Self.files.merging(["saved_model.pb": "other graph"]) { $1 }))
            )
        )
        mkdir("\(folder.path)/c", 0o755)
        mkdir("\(folder.path)/c/variables", 0o755)
        for file in Self.files.keys { link("\(folder.path)/a/\(file)", "\(folder.path)/c/\(file)") }
        held.append(try sharing.load(LoadRequest(path: "\(folder.path)/c")))
        #expect(engine.counts == [2, 0])
        #expect(reads.count.withLock { $0 } == 0)
        let d = write("d", Self.files)
        held.append(try sharing.load(LoadRequest(path: d)))
        let once = reads.count.withLock { $0 }
        #expect(once == 6, "three files of two folders")
        held.append(try sharing.load(LoadRequest(path: d)))
        #expect(reads.count.withLock { $0 } == once)
        #expect(engine.counts == [2, 0])
    }

    @Test func `a file that has changed under a copy is another model`() throws {
        let engine = CountingEngine()
        let sharing = sharing(engine)
        let a = try sharing.load(LoadRequest(path: write("a", Self.files)))
        _ = write("a", ["variables/variables.data-0": "WEIGHTS"])
        let b = try sharing.load(LoadRequest(path: write("b", Self.files)))
        let c = try sharing.load(LoadRequest(path: "\(folder.path)/a"))
        #expect(engine.counts == [3, 0], "nobody can tell any more what a was loaded from")
        withExtendedLifetime((a, b, c)) {}
    }

    @Test func `a model whose files change while it is loaded is nobody else's`() throws {
        let folder = folder
        let engine = CountingEngine { path in
            // As a careless copy into the folder.
            let file = open("\(path)/saved_model.pb", O_WRONLY)
            Glibc.write(file, "GRAPH", 5)
            Glibc.close(file)
        }
        let sharing = sharing(engine)
        let a = try sharing.load(LoadRequest(path: write("a", Self.files)))
        #expect(a.sharedCopy == nil)
        _ = try sharing.load(LoadRequest(path: "\(folder.path)/a"))
        #expect(engine.counts[0] == 2)
    }

    @Test func `models that keep something have a copy each`() throws {
        let engine = CountingEngine(shares: false)
        let sharing = sharing(engine)
        let a = try sharing.load(LoadRequest(path: write("a", Self.files)))
        let b = try sharing.load(LoadRequest(path: write("b", Self.files)))
        #expect(engine.counts == [2, 0])
        #expect(sharing.expectedCopy(of: LoadRequest(path: "\(folder.path)/b")) == nil)
        b.close()
        a.close()
        #expect(engine.counts == [2, 2])
    }

    @Test func `who comes during a load waits for it, and fails with it`() throws {
        let (started, goOn) = (Gate(), Gate())
        let engine = CountingEngine { (path) throws(ServingError) in
            started.open()
            goOn.wait()
            throw .notFound("nothing in \(path)")
        }
        let sharing = sharing(engine)
        let (a, b) = (write("a", Self.files), write("b", Self.files))
        let results = [a, b].map { path in
            let result = BlockingResult<Void, ServingError>()
            startThread(named: "load") {
                result.set(Result { () throws(ServingError) in _ = try sharing.load(LoadRequest(path: path)) })
            }
            started.wait()
            return result
        }
        goOn.open()
        #expect(throws: ServingError.notFound("nothing in \(a)")) { try results[0].wait().get() }
        #expect(throws: ServingError.notFound("nothing in \(b)")) { try results[1].wait().get() }
        #expect(throws: ServingError.notFound("nothing in \(b)")) { try sharing.load(LoadRequest(path: b)) }
    }

    @Test func `many at once load once`() throws {
        let engine = CountingEngine()
        let sharing = sharing(engine)
        let paths = (0..<20).map { write("m\($0)", Self.files) }
        let results = paths.map { path in
            let result = BlockingResult<any LoadedModel, ServingError>()
            startThread(named: "load") {
                result.set(Result { () throws(ServingError) in try sharing.load(LoadRequest(path: path)) })
            }
            return result
        }
        let models = try results.map { try $0.wait().get() }
        #expect(engine.counts == [1, 0])
        for model in models { model.close() }
        #expect(engine.counts == [1, 1])
    }

    @Test func `what will be shared is known before it is loaded`() throws {
        let engine = CountingEngine()
        let sharing = sharing(engine)
        let (a, b) = (LoadRequest(path: write("a", Self.files)), LoadRequest(path: write("b", Self.files)))
        #expect(sharing.expectedCopy(of: a) == nil, "nothing is like it yet")
        let number = try #require(sharing.expectedCopy(of: b))
        #expect(sharing.expectedCopy(of: a) == number)
        let model = try sharing.load(a)
        #expect(model.sharedCopy?.number == number)
        #expect(engine.counts == [1, 0])
    }

    @Test(arguments: ["missing", "empty", "pipe", "loop"])
    func `a folder that cannot be compared is left to the engine`(kind: String) throws {
        let path = "\(folder.path)/\(kind)"
        if kind != "missing" { mkdir(path, 0o755) }
        if kind == "pipe" { mkfifo("\(path)/saved_model.pb", 0o644) }
        if kind == "loop" { symlink(path, "\(path)/loop") }
        let engine = CountingEngine()
        let sharing = sharing(engine)
        let models = try (0..<2).map { _ in try sharing.load(LoadRequest(path: path)) }
        #expect(engine.counts == [2, 0])
        #expect(models.allSatisfy { $0.sharedCopy == nil })
    }
}
