import EmbeddingDump
import EngineInterface
import ModelSignatures
import ServingPrimitives
import Tensors

@testable import EngineEmbedding

/// Writes versions as Monolith exports shards: a graph made by hand with the operations that matter, and dumps.
final class ShardFixture {
    struct Table {
        var name: String
        var dimension: Int
        var rows: [Int64: [Float]] = [:]
        var skipsZeros = false
    }

    let folder = TemporaryFolder()
    var cache: String { folder.file("cache") }
    var version: String { folder.file("version") }
    var assets: String { "\(version)/assets" }

    init() {
        for path in [version, assets] { makeFolder(path) }
    }

    // MARK: - Dumps

    func dump(_ base: String, _ tables: [Table], _ layout: DumpFiles.Layout, shardCount: Int = 2) throws {
        let files = try DumpFiles(base: base, layout: layout, shardCount: shardCount)
        for shard in 0..<shardCount {
            let writer = try DumpShardWriter(files, shard: shard)
            for table in tables {
                if layout == .multi { try writer.begin(table: table.name) }
                for (index, row) in table.rows.sorted(by: { $0.key < $1.key }).enumerated()
                where index % shardCount == shard {
                    try row.value.withUnsafeBufferPointer {
                        try writer.append(id: row.key, values: $0, updateTime: 7)
                    }
                }
            }
            try writer.finish()
        }
    }

    // MARK: - Graphs

    /// A node of a graph: name = 1, op = 2, input = 3, attr = 5.
    static func node(
        _ name: String,
        _ operation: String,
        _ inputs: [String] = [],
        texts: [String: [UInt8]] = [:],
        constant: [UInt8]? = nil
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, name)
        writer.string(2, operation)
        for input in inputs { writer.string(3, input) }
        for (key, value) in texts.sorted(by: { $0.key < $1.key }) {
            writer.message(5) {
                $0.string(1, key)
                $0.message(2) { $0.bytes(2, value) }
            }
        }
        if let constant {
            writer.message(5) {
                $0.string(1, "value")
                $0.message(2) {
                    $0.message(8) {
                        $0.integer(1, 7)
                        $0.bytes(8, constant)
                    }
                }
            }
        }
        return writer.bytes
    }

    static func configuration(_ table: Table) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) {
            $0.message(1) {
                $0.message(3) { $0.message(1) { $0.integer(1, 99) } }
                $0.integer(7, table.dimension)
            }
        }
        writer.bool(10, table.skipsZeros)
        return writer.bytes
    }

    static func configuration(_ tables: [Table]) -> [UInt8] {
        var config = ProtobufWriter()
        for table in tables { config.string(1, table.name) }
        for table in tables { config.bytes(2, configuration(table)) }
        return config.bytes
    }

    /// Nodes of tables in one node, filled from `base`: text of the graph, or of the folder of assets when `nil`.
    static func multi(_ sharedName: String, _ tables: [Table], base: String? = nil) -> [[UInt8]] {
        let name = Array(sharedName.utf8)
        return [
            node("config", "Const", constant: configuration(tables)),
            node(
                "create",
                "CreateMonolithMultiHashTable",
                ["config", "filter", "client"],
                texts: ["shared_name": name]
            ),
            node("read", "ReadMonolithMultiHashTable", texts: ["shared_name": name]),
            node("ASSET_BASE", "Const", constant: Array("./".utf8)),
            node("absolute", "Const", constant: Array((base ?? "").utf8)),
            node("prefix", "Const", constant: name),
            node(
                "join",
                "StringJoin",
                [base == nil ? "ASSET_BASE" : "absolute", "prefix:0"],
                texts: ["separator": []]
            ),
            node("restore", "MonolithMultiHashTableRestore", ["read", "join", "^create"]),
        ]
    }

    static func plain(_ table: Table, prefix: String) -> [[UInt8]] {
        [
            node(
                "table_\(table.name)",
                "MonolithHashTable",
                ["filter", "client"],
                texts: ["config": configuration(table), "shared_name": Array(table.name.utf8)]
            ),
            node("prefix_\(table.name)", "Const", constant: Array(prefix.utf8)),
            node("base_\(table.name)", "StringJoin", ["ASSET_BASE", "prefix_\(table.name)"]),
            node("restore_\(table.name)", "MonolithHashTableRestore", ["table_\(table.name)", "base_\(table.name)"]),
        ]
    }

    typealias Tensors = [(name: String, type: ElementType, shape: [Int]?)]

    static func signature(_ inputs: Tensors, _ outputs: Tensors) -> [UInt8] {
        func infos(_ tensors: Tensors) -> [(name: String, info: SignatureDefinition.TensorInfo)] {
            tensors.map {
                ($0.name, SignatureDefinition.TensorInfo(name: "\($0.name):0", type: $0.type.rawValue, shape: $0.shape))
            }
        }
        return SignatureDefinition.encode(
            methodName: "tensorflow/serving/predict",
            inputs: infos(inputs),
            outputs: infos(outputs)
        )
    }

    static func lookup(_ tables: [Table]) -> [UInt8] {
        signature(
            tables.map { ($0.name, .int64, [-1]) },
            tables.map { ($0.name, .float32, [-1, $0.dimension]) }
        )
    }

    static let rawLookup = signature(
        [("id", .int64, [-1]), ("id_split", .int64, [-1])],
        [("flat_emb", .float32, [-1])]
    )
    static let rawAssign = signature(
        [("id", .int64, [-1]), ("id_split", .int64, [-1]), ("flat_value", .float32, [-1])],
        [("result", .int32, [])]
    )

    static func assign(_ tables: [Table]) -> [UInt8] {
        signature(
            tables.flatMap {
                [("\($0.name)_id", .int64, [-1]), ("\($0.name)_value", .float32, [-1, $0.dimension])] as Tensors
            },
            tables.map { ("\($0.name)_result", .int32, []) }
        )
    }

    static func savedModel(_ nodes: [[UInt8]], _ signatures: [String: [UInt8]], tags: [String] = ["serve"]) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(2) { metaGraph in
            metaGraph.message(1) { for tag in tags { $0.string(4, tag) } }
            metaGraph.message(2) { for node in nodes { $0.bytes(1, node) } }
            for (name, signature) in signatures.sorted(by: { $0.key < $1.key }) {
                metaGraph.message(5) {
                    $0.string(1, name)
                    $0.bytes(2, signature)
                }
            }
        }
        return writer.bytes
    }

    func writeGraph(_ nodes: [[UInt8]], _ signatures: [String: [UInt8]]) throws {
        try writeFile("\(version)/saved_model.pb", Self.savedModel(nodes, signatures))
    }

    /// A multi-table of two tables as exports have it by default.
    static let item = Table(name: "item", dimension: 2, rows: [1: [1, 2], 2: [3, 4], -9: [5, 6]])
    static let user = Table(name: "user", dimension: 3, rows: [1: [7, 8, 9], 4: [1, 1, 1]])
    static let sharedName = "MonolithMultiHashTable_0"

    func writeMulti(_ tables: [Table] = [item, user]) throws {
        try dump("\(assets)/\(Self.sharedName)", tables, .multi)
        try writeGraph(Self.multi(Self.sharedName, tables), Self.multiSignatures(tables))
    }

    static func multiSignatures(_ tables: [Table]) -> [String: [UInt8]] {
        [
            "lookup": lookup(tables), "raw_lookup": rawLookup, "hashtable_assign": assign([]),
            "\(sharedName)/raw_assign": rawAssign,
        ]
    }

    func engine(_ prefixes: [PathPrefix] = [], log: @escaping @Sendable (String) -> Void = { _ in }) -> EmbeddingEngine
    {
        EmbeddingEngine(
            options: EmbeddingOptions(
                cacheFolder: cache,
                pathPrefixes: prefixes,
                updateBytes: 1 << 20,
                threads: 2,
                log: log
            )
        )
    }

    /// An engine that keeps pushes.
    func keepingEngine(
        bytes: Int = 1 << 20,
        sync: JournalSync = .never,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) -> EmbeddingEngine {
        EmbeddingEngine(
            options: EmbeddingOptions(
                cacheFolder: cache,
                updateBytes: 1 << 20,
                journalBytes: bytes,
                journalSync: sync,
                log: log
            )
        )
    }

    var request: LoadRequest { LoadRequest(path: version) }

    func load() throws -> any LoadedModel { try engine().load(request) }
}

extension LoadedModel {
    func call(_ name: String, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
        guard let number = signatures.firstIndex(where: { $0.name == name }) else {
            throw ServingError.notFound("no signature \(name)")
        }
        let signature = signatures[number]
        let tensors = signature.inputs.compactMap { inputs[$0.name] }
        let outputs = try run(
            RunRequest(signature: number, inputs: tensors, outputs: Array(signature.outputs.indices))
        )
        return Dictionary(uniqueKeysWithValues: zip(signature.outputs.map(\.name), outputs))
    }
}

extension Tensor {
    static func ids(_ ids: [Int64]) throws -> Tensor { try Tensor(.int64, .vector(ids.count), scalars: ids) }
    static func numbers(_ numbers: [Float]) throws -> Tensor {
        try Tensor(.float32, .vector(numbers.count), scalars: numbers)
    }
    static func rows(_ rows: [[Float]]) throws -> Tensor {
        try Tensor(.float32, TensorShape([rows.count, rows.first?.count ?? 0]), scalars: rows.flatMap { $0 })
    }
    var floats: [Float] { scalars(as: Float.self) }
}
