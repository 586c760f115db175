import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import EngineTensorFlow

/// Graphs that have their tables in themselves, in TensorFlow.
@Suite struct TableOperationTests {
    private static let name = "MonolithMultiHashTable_"

    /// Two tables of rows of 2 and 3 numbers.
    ///
    /// - Parameters:
    ///   - dumps: each of which fills them when the model is loaded, in this order.
    ///   - creates: whether the initialisation makes them.
    private func multi(dumps: [String] = ["dump_10"], creates: Bool = true, config: [String] = ["2,3"]) -> GraphFixture
    {
        var graph = GraphFixture()
        graph.placeholders(["id", "id_split"], .int64)
        graph.placeholders(["value"], .float32)
        graph.node("filter", "MonolithDummyHashFilter")
        graph.node("client", "MonolithDummySyncClient")
        graph.strings("config", config)
        graph.node(
            "create",
            "CreateMonolithMultiHashTable",
            ["config", "filter", "client"],
            ["shared_name": .text(Self.name)]
        )
        graph.node("read", "ReadMonolithMultiHashTable", [], ["shared_name": .text(Self.name)])
        graph.asset("ASSET_BASE", "./")
        var last = creates ? ["^create"] : []
        for (index, dump) in dumps.enumerated() {
            graph.strings("prefix\(index)", [dump])
            graph.node("join\(index)", "StringJoin", ["ASSET_BASE", "prefix\(index)"], ["N": .integer(2)])
            graph.node("restore\(index)", "MonolithMultiHashTableRestore", ["read", "join\(index)"] + last)
            last = ["^restore\(index)"]
        }
        graph.node("main_op", "NoOp", last)
        graph.initialisation("main_op")
        graph.node("lookup", "MonolithMultiHashTableLookup", ["read", "id", "id_split"])
        graph.node("now", "Size", ["id"], ["T": .type(.int64), "out_type": .type(.int64)])
        graph.node("assign", "MonolithMultiHashTableAssign", ["read", "id", "id_split", "value", "now"])
        graph.node("done", "Identity", ["value", "^assign"], ["T": .type(.float32)])
        graph.node("is_made", "IsHashTableInitialized", ["read"])
        let ids = ["id": ("id:0", ElementType.int64), "id_split": ("id_split:0", ElementType.int64)]
        graph.signature(inputs: ids, outputs: ["rows": ("lookup:0", .float32), "is_made": ("is_made:0", .bool)])
        graph.signature("is_made", inputs: ids, outputs: ["is_made": ("is_made:0", .bool)])
        graph.signature(
            "assign",
            inputs: ids.merging(["value": ("value:0", .float32)]) { $1 },
            outputs: ["done": ("done:0", .float32)]
        )
        return graph
    }

    private static func ids(_ ids: [Int64], _ splits: [Int64]) -> [String: Tensor] {
        ["id": .integers(ids), "id_split": .integers(splits)]
    }

    private func rows(_ model: any LoadedModel, _ ids: [Int64], _ splits: [Int64]) throws -> [Float]? {
        try model.answer(Self.ids(ids, splits))["rows"]?.scalars(as: Float.self)
    }

    private func refusal(_ body: () throws -> Void) throws -> ServingError {
        try #require(throws: ServingError.self) { try body() }
    }

    // MARK: Loading

    @Test func `tables are filled when the model is loaded, and end with it`() throws {
        let keeper = FormulaTableKeeper()
        let model = try multi().load(keeper: keeper)
        let made = keeper.made.withLock { $0 }
        try #require(made.count == 1)
        #expect(made[0].definition.dump == "\(made[0].folder)/assets/./dump_10")
        #expect(made[0].definition.kind == .multi && made[0].definition.configuration == Array("2,3".utf8))
        #expect(made[0].definition.sharedName == Self.name)
        #expect(try rows(model, [1, 2, 1], [0, 2, 3]) == [10, 11, 20, 21, 10, 11, 12])
        // Two requests in one.
        #expect(try rows(model, [1, 2], [0, 1, 1, 1, 2]) == [10, 11, 20, 21, 22])
        #expect(model.externalBytes == 1_000)
        #expect(keeper.made.withLock { $0.count } == 1 && keeper.closed.withLock { $0.isEmpty })
        model.close()
        #expect(keeper.closed.withLock { $0 } == [Self.name])
    }

    @Test func `models that call their tables the same have their own`() throws {
        let keeper = FormulaTableKeeper()
        let first = try multi().load(keeper: keeper)
        let second = try multi(dumps: ["dump_20"]).load(keeper: keeper)
        #expect(try rows(first, [1], [0, 1, 1]) == [10, 11])
        #expect(try rows(second, [1], [0, 1, 1]) == [20, 21])
        first.close()
        #expect(try rows(second, [1], [0, 1, 1]) == [20, 21])
        second.close()
    }

    @Test func `tables without a dump begin without rows`() throws {
        let keeper = FormulaTableKeeper()
        let model = try multi(dumps: []).load(keeper: keeper)
        defer { model.close() }
        #expect(keeper.dumps == [nil])
        #expect(try rows(model, [1], [0, 1, 1]) == [0, 0])
    }

    @Test func `on a device too dumps are those of the version's folder`() throws {
        let keeper = FormulaTableKeeper()
        let model = try multi().load(keeper: keeper, device: "CPU:0")
        defer { model.close() }
        let made = try #require(keeper.made.withLock { $0.first })
        #expect(made.definition.dump == "\(made.folder)/assets/./dump_10")
        #expect(try rows(model, [1], [0, 1, 1]) == [10, 11])
    }

    @Test func `what is wrong with a dump is why the load fails, and nothing stays`() throws {
        let reason = ServingError(.dataLoss, "/there/dump_10-00000-of-00001, record 7: the checksum does not fit")
        let error = try refusal { _ = try multi().load(keeper: FormulaTableKeeper(refusal: reason)) }
        #expect(error.code == .dataLoss)
        #expect(error.message.contains("MonolithMultiHashTableRestore: \(reason.message)"))
        // The first table is made, the second is not.
        var graph = plain(sharedName: "a")
        graph.plainTable("b", config: "none")
        graph.node("both", "NoOp", ["^table", "^b"])
        graph.initialisation("both")
        let keeper = FormulaTableKeeper()
        let second = try refusal { _ = try graph.load(keeper: keeper) }
        #expect(second.message.contains("the configuration none is none"))
        #expect(keeper.closed.withLock { $0 } == ["a"])
    }

    @Test func `a dump is read once, and tables have one`() throws {
        let keeper = FormulaTableKeeper()
        let model = try multi(dumps: ["dump_10", "dump_10"]).load(keeper: keeper)
        defer { model.close() }
        #expect(keeper.dumps.count == 1)
        let error = try refusal { _ = try multi(dumps: ["dump_10", "dump_20"]).load(keeper: FormulaTableKeeper()) }
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains("MonolithMultiHashTableRestore: the tables \(Self.name) are in use"))
        #expect(error.message.contains("dump_20: tables are filled once"))
    }

    @Test func `tables that nobody makes are named`() throws {
        let filled = try refusal { _ = try multi(creates: false).load(keeper: FormulaTableKeeper()) }
        #expect(filled.code == .failedPrecondition)
        #expect(filled.message.contains("no operation of the graph has made the tables \(Self.name)"))
        let model = try multi(dumps: [], creates: false).load(keeper: FormulaTableKeeper())
        defer { model.close() }
        let isMade = try model.answer(Self.ids([], [0]), signature: "is_made")["is_made"]
        #expect(isMade?.scalars(as: Bool.self) == [false])
        let error = try refusal { _ = try rows(model, [], [0, 0, 0]) }
        #expect(
            error.message.contains(
                "MonolithMultiHashTableLookup: no operation of the graph has made the tables \(Self.name)"
            )
        )
    }

    @Test func `without anybody who has tables a model fails with why`() throws {
        let error = try refusal { _ = try multi().load() }
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains("CreateMonolithMultiHashTable: nobody has embedding tables for this graph"))
    }

    @Test func `one copy of such a graph does not serve two names`() throws {
        for graph in [multi(), plain()] {
            let folder = try ModelCopy(of: nil)
            try folder.write(graph.savedModel, to: "saved_model.pb")
            #expect(!TensorFlowEngine().canShare(LoadRequest(path: folder.path)))
        }
    }

    // MARK: Running

    @Test func `pushed rows are looked up by the next run`() throws {
        let model = try multi().load(keeper: FormulaTableKeeper())
        defer { model.close() }
        #expect(try model.answer(Self.ids([], [0, 0, 0]))["is_made"]?.scalars(as: Bool.self) == [true])
        var push = Self.ids([1, 5], [0, 1, 2])
        push["value"] = .floats([7, 8, 1, 2, 3])
        _ = try model.answer(push, signature: "assign")
        #expect(try rows(model, [1, 2, 5], [0, 2, 3]) == [7, 8, 20, 21, 1, 2, 3])
        push["value"] = .floats([7, 8])
        let error = try refusal { _ = try model.answer(push, signature: "assign") }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("MonolithMultiHashTableAssign: the rows have 2 numbers"))
    }

    @Test(arguments: [CanonicalCode.unavailable, .resourceExhausted])
    func `a push that is refused for now says when to come again`(code: CanonicalCode) throws {
        let reason = ServingError(code, "the journal is full", retryAfterNanoseconds: 5)
        let model = try multi().load(keeper: FormulaTableKeeper(pushRefusal: reason))
        defer { model.close() }
        var push = Self.ids([], [0, 0, 0])
        push["value"] = .floats([])
        let error = try refusal { _ = try model.answer(push, signature: "assign") }
        #expect(error.code == code && error.retryAfterNanoseconds == 5)
        #expect(error.message.contains("MonolithMultiHashTableAssign: the journal is full"))
    }

    @Test func `what a lookup is given is checked`() throws {
        let model = try multi().load(keeper: FormulaTableKeeper())
        defer { model.close() }
        let square = try Tensor(.int64, TensorShape([1, 1]), scalars: [1 as Int64])
        let ranks = try refusal { _ = try model.answer(["id": square, "id_split": .integers([0, 1, 1])]) }
        #expect(ranks.message.contains("MonolithMultiHashTableLookup: id has 2 dimensions; 1 is expected"))
        let splits = try refusal { _ = try rows(model, [1], [0, 1]) }
        #expect(splits.code == .invalidArgument)
        #expect(splits.message.contains("MonolithMultiHashTableLookup: id_split must be 3. Current: 2"))
    }

    @Test func `tables are used by the handle of what makes them, too`() throws {
        let keeper = FormulaTableKeeper()
        var graph = multi()
        graph.node("direct", "MonolithMultiHashTableLookup", ["create", "id", "id_split"])
        graph.signature(
            "direct",
            inputs: ["id": ("id:0", .int64), "id_split": ("id_split:0", .int64)],
            outputs: ["rows": ("direct:0", .float32)]
        )
        let model = try graph.load(keeper: keeper)
        defer { model.close() }
        for _ in 0..<2 {
            let rows = try model.answer(Self.ids([1], [0, 1, 1]), signature: "direct")["rows"]
            #expect(rows?.scalars(as: Float.self) == [10, 11])
        }
        #expect(keeper.made.withLock { $0.count } == 1)
    }

    @Test func `a configuration is one string`() throws {
        let error = try refusal { _ = try multi(config: ["2", "3"]).load(keeper: FormulaTableKeeper()) }
        #expect(error.message.contains("CreateMonolithMultiHashTable: config has 2 strings; 1 is expected"))
    }

    @Test func `other resources are no tables`() throws {
        var graph = GraphFixture()
        graph.placeholders(["ids"], .int64)
        graph.node("filter", "MonolithDummyHashFilter")
        graph.node("lookup", "MonolithHashTableLookup", ["filter", "ids"], ["dim_size": .integer(2)])
        graph.signature(inputs: ["ids": ("ids:0", .int64)], outputs: ["rows": ("lookup:0", .float32)])
        let model = try graph.load(keeper: FormulaTableKeeper())
        defer { model.close() }
        let error = try refusal { _ = try model.answer(["ids": .integers([1])]) }
        #expect(error.message.contains("MonolithHashTableLookup: table_handle is no handle of hash tables"))
    }

    // MARK: Plain tables

    /// A table that each run makes, should it not be there.
    private func plain(width: Int = 2, dump: String? = nil, sharedName: String = "") -> GraphFixture {
        var graph = GraphFixture()
        graph.placeholders(["ids"], .int64)
        graph.placeholders(["updates"], .float32)
        graph.node("filter", "MonolithDummyHashFilter")
        graph.node("client", "MonolithDummySyncClient")
        graph.plainTable("table", config: "2", sharedName: sharedName)
        if let dump {
            graph.strings("dump", [dump])
            graph.node("restore", "MonolithHashTableRestore", ["table", "dump"])
            graph.initialisation("restore")
        } else {
            graph.initialisation("table")
        }
        graph.node("lookup", "MonolithHashTableLookup", ["table", "ids"], ["dim_size": .integer(width)])
        graph.node("now", "Size", ["ids"], ["T": .type(.int64), "out_type": .type(.int64)])
        graph.node("assign", "MonolithHashTableAssign", ["table", "ids", "updates", "now"])
        graph.node("after", "MonolithHashTableLookup", ["assign", "ids"], ["dim_size": .integer(width)])
        let ids = ["ids": ("ids:0", ElementType.int64)]
        graph.signature(inputs: ids, outputs: ["rows": ("lookup:0", .float32)])
        graph.signature(
            "assign",
            inputs: ids.merging(["updates": ("updates:0", .float32)]) { $1 },
            outputs: ["rows": ("after:0", .float32)]
        )
        return graph
    }

    @Test func `a plain table is looked up and changed`() throws {
        let keeper = FormulaTableKeeper()
        let model = try plain(dump: "hdfs://there/dump_3").load(keeper: keeper)
        defer { model.close() }
        let made = try #require(keeper.made.withLock { $0.first })
        #expect(made.definition.kind == .plain && made.definition.dump == "hdfs://there/dump_3")
        // Without a shared name it is the node's.
        #expect(made.definition.sharedName == "table")
        let rows = try model.answer(["ids": .integers([1, 4])])["rows"]
        #expect(rows?.shape.dimensions == [2, 2] && rows?.scalars(as: Float.self) == [3, 4, 12, 13])
        let updates = try Tensor(.float32, TensorShape([1, 2]), scalars: [8, 9] as [Float])
        let after = try model.answer(["ids": .integers([4]), "updates": updates], signature: "assign")["rows"]
        #expect(after?.scalars(as: Float.self) == [8, 9])
        #expect(keeper.made.withLock { $0.count } == 1)
        let flat = try refusal {
            _ = try model.answer(["ids": .integers([4]), "updates": .floats([8, 9])], signature: "assign")
        }
        #expect(flat.message.contains("MonolithHashTableAssign: id_updates has 1 dimensions; 2 are expected"))
    }

    @Test func `runs at the same time make a table once`() async throws {
        var graph = GraphFixture()
        graph.placeholders(["ids"], .int64)
        graph.node("filter", "MonolithDummyHashFilter")
        graph.node("client", "MonolithDummySyncClient")
        graph.plainTable("table", config: "2")
        graph.node("lookup", "MonolithHashTableLookup", ["table", "ids"], ["dim_size": .integer(2)])
        graph.signature(inputs: ["ids": ("ids:0", .int64)], outputs: ["rows": ("lookup:0", .float32)])
        let keeper = FormulaTableKeeper()
        let model = try graph.load(keeper: keeper)
        defer { model.close() }
        // Nothing that the initialisation runs makes it.
        #expect(keeper.made.withLock { $0.isEmpty })
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let answer = try? model.answer(["ids": .integers([1])])
                    return answer?["rows"]?.scalars(as: Float.self) == [0, 0]
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect(keeper.made.withLock { $0.count } == 1)
    }

    @Test func `a table of another width than the graph's is refused`() throws {
        let model = try plain(width: 3).load(keeper: FormulaTableKeeper())
        defer { model.close() }
        let error = try refusal { _ = try model.answer(["ids": .integers([1])]) }
        #expect(error.code == .invalidArgument)
        #expect(
            error.message.contains(
                "MonolithHashTableLookup: dim_size is 3; 2 is expected, as the table's configuration says"
            )
        )
    }

    // MARK: The registry

    private func tables(_ keeper: FormulaTableKeeper = FormulaTableKeeper()) -> GraphTables {
        GraphTables(keeper, of: LoadRequest(path: "/models/m/1"), shadow: nil)
    }

    @Test func `tables are made once, and others of the same name are refused`() throws {
        let keeper = FormulaTableKeeper()
        let tables = tables(keeper)
        let definition = EmbeddingTableDefinition(kind: .plain, sharedName: "t", configuration: [0x32])
        try tables.make(definition)
        try tables.make(definition)
        #expect(tables.isMade("t") && !tables.isMade("u"))
        for (kind, configuration) in [(.multi, [0x32]), (.plain, [0x33])] as [(EmbeddingTableDefinition.Kind, [UInt8])]
        {
            let other = EmbeddingTableDefinition(kind: kind, sharedName: "t", configuration: configuration)
            let error = try refusal { try tables.make(other) }
            #expect(error.message == "two operations of the graph make tables named t, with different configurations")
        }
        #expect(keeper.dumps.isEmpty)
        try tables.finishLoading()
        #expect(keeper.dumps == [nil])
        try tables.make(definition)
        #expect(try tables.find("t") === tables.find("t"))
        #expect(keeper.dumps == [nil])
        tables.close()
        #expect(keeper.closed.withLock { $0 } == ["t"] && tables.byteCount == 0)
    }

    @Test func `a run may make tables, and fills none`() throws {
        let keeper = FormulaTableKeeper()
        let tables = tables(keeper)
        try tables.finishLoading()
        try tables.make(EmbeddingTableDefinition(kind: .plain, sharedName: "late", configuration: [0x32]))
        #expect(try tables.find("late").widths == [2])
        let error = try refusal { try tables.fill("late", from: "/dump_1") }
        #expect(error.message.contains("the tables late are in use, with no dump; they cannot be filled from /dump_1"))
    }
}

extension GraphFixture {
    mutating func plainTable(_ name: String, config: String, sharedName: String = "") {
        node(
            name,
            "MonolithHashTable",
            ["filter", "client"],
            ["config": .text(config), "shared_name": .text(sharedName)]
        )
    }
}
