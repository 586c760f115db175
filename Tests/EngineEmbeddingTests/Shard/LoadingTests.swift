import EmbeddingDump
import EmbeddingExercises
import EngineInterface
import ModelSignatures
import ServingPrimitives
import Synchronization
import Testing

@testable import EngineEmbedding

@Suite struct LoadingTests {
    private let fixture = ShardFixture()
    private typealias Fixture = ShardFixture

    private func refusal(_ engine: EmbeddingEngine? = nil) -> ServingError? {
        do {
            _ = try (engine ?? fixture.engine()).load(fixture.request)
            return nil
        } catch {
            return error
        }
    }

    // MARK: - What is a shard

    @Test func `a graph that makes tables and only looks up and assigns is a shard`() throws {
        try fixture.writeMulti()
        #expect(fixture.engine().isShard(fixture.request))
        #expect(!fixture.engine().isShard(LoadRequest(path: fixture.version, tags: ["serve", "gpu"])))
        #expect(
            try fixture.load().signatures.map(\.name) == [
                "MonolithMultiHashTable_0/raw_assign", "hashtable_assign", "lookup", "raw_lookup",
            ]
        )
    }

    @Test func `whole models with tables, models without, and damaged files are left to others`() throws {
        var signatures = Fixture.multiSignatures([Fixture.item, Fixture.user])
        signatures["serving_default"] = Fixture.rawLookup
        try fixture.writeGraph(Fixture.multi("t", [Fixture.item]), signatures)
        #expect(try fixture.engine().loadIfShard(fixture.request) == nil)
        try fixture.writeGraph([Fixture.node("a", "Add")], ["lookup": Fixture.lookup([Fixture.item])])
        #expect(try fixture.engine().loadIfShard(fixture.request) == nil)
        try writeFile("\(fixture.version)/saved_model.pb", [18, 200, 1])
        #expect(try fixture.engine().loadIfShard(fixture.request) == nil)
        #expect(refusal()?.code == .invalidArgument)
    }

    @Test func `signatures are shown as the file states them, and never put together in batches`() throws {
        try fixture.writeMulti()
        let signature = try #require(try fixture.load().signatures.first { $0.name == "raw_lookup" })
        #expect(signature.definition == Fixture.rawLookup)
        #expect(!signature.sharesBatches)
        #expect(signature.inputs.map(\.name) == ["id", "id_split"])
    }

    @Test func `what a shard takes is told`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let files = try #require(LocalFolder.names(in: fixture.cache)).filter { $0.hasSuffix(".emb") }
        #expect(files.count == 2)
        #expect(shard.externalBytes >= 2 * 1_024)
    }

    // MARK: - Where dumps are

    @Test func `paths of another machine are found by their longest prefix`() throws {
        let tables = [Fixture.item, Fixture.user]
        makeFolder(fixture.folder.file("there"))
        try fixture.dump("\(fixture.folder.file("there"))/\(Fixture.sharedName)", tables, .multi)
        try fixture.writeGraph(
            Fixture.multi(Fixture.sharedName, tables, base: "hdfs://node/ckpt/model-1.assets/"),
            Fixture.multiSignatures(tables)
        )
        let error = refusal()
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains("hdfs://node/ckpt/model-1.assets/MonolithMultiHashTable_0") == true)
        #expect(error?.message.contains("constant join") == true)
        let prefixes = [
            PathPrefix(foreign: "hdfs://node", local: "/nowhere"),
            PathPrefix(foreign: "hdfs://node/ckpt/model-1.assets", local: fixture.folder.file("there")),
        ]
        let shard = try fixture.engine(prefixes).load(fixture.request)
        #expect(try shard.call("lookup", ["item": .ids([1]), "user": .ids([])])["item"]?.floats == [1, 2])
    }

    @Test(arguments: [
        ("/a", "/b", "/a/c", "/b/c"), ("/a", "/b", "/ab", "/ab"), ("/a/", "/b/", "/a/c", "/b/c"),
        ("/a", "/b", "/a", "/b"),
        ("hdfs://n/", "/b", "hdfs://n/c", "/b/c"),
    ])
    func `a prefix ends where a name does`(foreign: String, local: String, path: String, expected: String) {
        #expect([PathPrefix(foreign: foreign, local: local)].applied(to: path) == expected)
    }

    @Test func `a missing shard of a dump is named`() throws {
        try fixture.writeMulti()
        removeFile("\(fixture.assets)/\(Fixture.sharedName)-00001-of-00002")
        let error = refusal()
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains("\(Fixture.sharedName)-00001-of-00002 is missing") == true)
        #expect(error?.message.contains(fixture.version) == true)
        for name in LocalFolder.names(in: fixture.assets) ?? [] { removeFile("\(fixture.assets)/\(name)") }
        #expect(refusal()?.code == .notFound)
    }

    @Test func `a damaged record is named, and nothing of it is kept`() throws {
        let table = Fixture.Table(name: "b", dimension: 2, rows: [1: [1, 2], 2: [3, 4], 3: [5, 6]])
        let path = "\(fixture.assets)/MonolithHashTable_x_0"
        try fixture.dump(path, [table], .plain, shardCount: 1)
        try fixture.writeGraph(
            [Fixture.node("ASSET_BASE", "Const", constant: Array("./".utf8))]
                + Fixture.plain(table, prefix: "MonolithHashTable_x_0"),
            ["lookup": Fixture.lookup([table])]
        )
        let file = "\(path)-00000-of-00001"
        var bytes = try LocalFile.contents(of: file, limit: 1 << 20)
        bytes[bytes.count / 2] ^= 1
        try AtomicFile.replace(file, with: bytes)
        let error = refusal()
        #expect(error?.code == .dataLoss)
        #expect(error?.message.contains("\(file), record 1") == true, "\(String(describing: error))")
        #expect(LocalFolder.names(in: fixture.cache)?.isEmpty == true)
    }

    @Test func `rows of another width than the graph's are named`() throws {
        var wide = Fixture.item
        wide.dimension = 5
        try fixture.dump("\(fixture.assets)/\(Fixture.sharedName)", [Fixture.item], .multi)
        try fixture.writeGraph(Fixture.multi(Fixture.sharedName, [wide]), ["lookup": Fixture.lookup([wide])])
        let error = refusal()
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("record 0") == true)
        // And that of the signature must be that of the configuration.
        try fixture.writeGraph(Fixture.multi(Fixture.sharedName, [Fixture.item]), ["lookup": Fixture.lookup([wide])])
        #expect(refusal()?.message.contains("rows of 5 numbers for table item") == true)
    }

    @Test func `a table that the dump does not have begins without rows`() throws {
        try fixture.dump("\(fixture.assets)/\(Fixture.sharedName)", [Fixture.item], .multi)
        let tables = [Fixture.item, Fixture.user]
        try fixture.writeGraph(Fixture.multi(Fixture.sharedName, tables), Fixture.multiSignatures(tables))
        let lines = Mutex<[String]>([])
        let shard = try fixture.engine(log: { line in lines.withLock { $0.append(line) } }).load(fixture.request)
        #expect(try shard.call("lookup", ["item": .ids([1]), "user": .ids([1])])["user"]?.floats == [0, 0, 0])
        #expect(lines.withLock { $0.contains { $0.contains("no table user") } })
    }

    // MARK: - The cache

    @Test func `a second load takes the snapshots of the first, and other dumps are imported`() throws {
        let imports = Mutex(0)
        let engine = fixture.engine(log: { _ in imports.withLock { $0 += 1 } })
        try fixture.writeMulti()
        let first = try engine.load(fixture.request)
        first.close()
        #expect(imports.withLock { $0 } == 1)
        let second = try engine.load(fixture.request)
        #expect(imports.withLock { $0 } == 1)
        #expect(try second.call("lookup", ["item": .ids([1]), "user": .ids([])])["item"]?.floats == [1, 2])
        second.close()
        var other = Fixture.item
        other.rows[1] = [42, 42]
        other.rows[3] = [1, 1]
        for name in LocalFolder.names(in: fixture.assets) ?? [] { removeFile("\(fixture.assets)/\(name)") }
        try fixture.writeMulti([other, Fixture.user])
        let third = try engine.load(fixture.request)
        #expect(imports.withLock { $0 } == 2)
        #expect(try third.call("lookup", ["item": .ids([1]), "user": .ids([])])["item"]?.floats == [42, 42])
    }

    @Test func `a damaged snapshot is made anew`() throws {
        try fixture.writeMulti()
        try fixture.load().close()
        for name in LocalFolder.names(in: fixture.cache) ?? [] {
            var bytes = try LocalFile.contents(of: "\(fixture.cache)/\(name)", limit: 1 << 20)
            bytes[bytes.count / 2] ^= 0x10
            try AtomicFile.replace("\(fixture.cache)/\(name)", with: bytes)
        }
        #expect(try fixture.load().call("lookup", ["item": .ids([1]), "user": .ids([])])["item"]?.floats == [1, 2])
    }

    @Test func `snapshots that nobody used for a day are removed, and those in use are not`() throws {
        let cache = SnapshotCache(folder: fixture.cache)
        try cache.prepare()
        let digests = ["a", "b", "c"].map { SHA256Digest(of: Array($0.utf8)) }
        for digest in digests { try writeFile(cache.path(digest), [1]) }
        cache.use(digests[0])
        for digest in digests[..<2] { makeOld(cache.path(digest)) }
        cache.clean()
        let names = Set(LocalFolder.names(in: fixture.cache) ?? [])
        #expect(names == ["\(digests[0]).emb", "\(digests[2]).emb"])
    }

    // MARK: - Hostile graphs

    @Test func `constants that lead in circles or grow without end are refused`() throws {
        let table = Fixture.Table(name: "b", dimension: 2)
        var nodes = Fixture.plain(table, prefix: "x").filter { !$0.starts(with: Fixture.node("base_b", "S").prefix(8)) }
        nodes.append(Fixture.node("base_b", "Identity", ["base_b"]))
        try fixture.writeGraph(nodes, ["lookup": Fixture.lookup([table])])
        #expect(refusal()?.message.contains("no constant of the graph") == true)
        nodes = Fixture.plain(table, prefix: "0123456789").filter {
            !$0.starts(with: Fixture.node("base_b", "S").prefix(8))
        }
        nodes.append(Fixture.node("double_0", "Identity", ["prefix_b"]))
        for depth in 1...60 {
            nodes.append(Fixture.node("double_\(depth)", "StringJoin", ["double_\(depth - 1)", "double_\(depth - 1)"]))
        }
        nodes.append(Fixture.node("base_b", "Identity", ["double_60"]))
        try fixture.writeGraph(nodes, ["lookup": Fixture.lookup([table])])
        #expect(refusal()?.message.contains("no constant of the graph") == true)
    }

    /// Every prefix and every changed byte: read or refused, within bounds.
    @Test func `damaged graphs are refused or read, never more`() throws {
        let whole = Fixture.savedModel(
            Fixture.multi(Fixture.sharedName, [Fixture.item, Fixture.user]),
            Fixture.multiSignatures([Fixture.item, Fixture.user])
        )
        for length in 0..<whole.count { exercise(Array(whole.prefix(length))) }
        for index in whole.indices {
            for value in [0, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = whole
                changed[index] = value
                exercise(changed)
            }
        }
    }

    private func exercise(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { ShardGraphExercise.run($0) }
    }

    @Test func `row formats are read from configurations`() throws {
        var writer = ProtobufWriter()
        writer.message(1) { entry in
            entry.message(1) { $0.message(3) { $0.message(2) { $0.integer(1, 8) } } }
            entry.message(1) {
                $0.message(3) { $0.message(3) { $0.integer(1, 99) } }
                $0.integer(7, 4)
            }
            entry.message(1) { $0.message(3) { $0.message(4) { $0.integer(1, 2) } } }
        }
        let configuration = try writer.bytes.withUnsafeBytes { try TableConfiguration($0, table: "t") }
        #expect(
            configuration.format.segments == [
                RowSegment(dimension: 8, compression: .fp16),
                RowSegment(dimension: 4, compression: .fixedR8(range: 1)),
                RowSegment(dimension: 2, compression: .oneBit(scale: 1, amplitude: 0.1)),
            ]
        )
        #expect(!configuration.skipsZeros)
        #expect(throws: ServingError.self) {
            try [UInt8]().withUnsafeBytes { try TableConfiguration($0, table: "t") }
        }
    }
}
