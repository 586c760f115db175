import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import EngineTensorFlow

/// The operations as graphs use them, in TensorFlow.
@Suite struct MonolithGraphTests {
    @Test func `ids are dealt out to the shards`() throws {
        var graph = GraphFixture()
        graph.placeholders(["indices", "num", "num_split"], .int64)
        graph.node(
            "split",
            "MonolithRaggedSplitByIndices",
            ["indices", "num", "num_split"],
            ["num_splits": .integer(2)]
        )
        graph.signature(
            inputs: ["indices": ("indices:0", .int64), "num": ("num:0", .int64), "num_split": ("num_split:0", .int64)],
            outputs: Dictionary(uniqueKeysWithValues: (0..<6).map { ("\($0)", ("split:\($0)", .int64)) })
        )
        let model = try graph.load()
        defer { model.close() }
        let inputs: [String: [Int64]] = [
            "indices": [0, 1, 0, 1], "num": [4, 3, 2, 1], "num_split": [0, 0, 0, 3, 4, 4, 4],
        ]
        #expect(
            try model.integers(inputs) == [
                "0": [4, 2], "1": [3, 1], "2": [0, 0, 0, 2, 2, 2, 2], "3": [0, 0, 0, 1, 2, 2, 2], "4": [0, 2],
                "5": [1, 3],
            ]
        )
        let error = #expect(throws: ServingError.self) {
            try model.integers(inputs.merging(["indices": [0, 1, 0, 7]]) { $1 })
        }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.message.contains("MonolithRaggedSplitByIndices: indices has 7 at 3; 0 to 1 is expected") == true
        )
    }

    @Test func `a tensor of two dimensions is no vector`() throws {
        let model = try rowIDs()
        defer { model.close() }
        let square = try Tensor(.int64, TensorShape([2, 2]), scalars: [0, 1, 2, 3] as [Int64])
        let error = #expect(throws: ServingError.self) { try model.answer(["splits": square]) }
        #expect(error?.message.contains("MonolithFusedValueRowids: splits has 2 dimensions; 1 is expected") == true)
    }

    @Test(
        arguments: [
            ([0, 2, 2, 5], [0, 0, 2, 2, 2]), ([0], []), ([0, 0, 0], []), ([0, 1], [0]),
        ] as [([Int64], [Int64])]
    )
    func `values have the rows that the splits say`(splits: [Int64], rows: [Int64]) throws {
        let model = try rowIDs()
        defer { model.close() }
        #expect(try model.integers(["splits": splits])["rows"] == rows)
    }

    @Test(
        arguments: [
            ([], .invalidArgument, "splits has no elements; at least 1 is expected"),
            ([1, 2], .invalidArgument, "splits begins with 1; 0 is expected"),
            ([0, 2, 1], .invalidArgument, "splits goes from 2 to 1 at 2; it must not fall"),
            (
                [0, 1 << 40], .resourceExhausted,
                "output 0 would have shape [1099511627776]; at most 268435456 elements"
            ),
            ([0, .max], .resourceExhausted, "at most 268435456 elements are allowed"),
        ] as [([Int64], CanonicalCode, String)]
    )
    func `splits that are none are refused`(splits: [Int64], code: CanonicalCode, reason: String) throws {
        let model = try rowIDs()
        defer { model.close() }
        let error = #expect(throws: ServingError.self) { try model.integers(["splits": splits]) }
        #expect(error?.code == code)
        #expect(error?.message.contains("MonolithFusedValueRowids: ") == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    private func rowIDs() throws -> any LoadedModel {
        var graph = GraphFixture()
        graph.placeholders(["splits"], .int64)
        graph.node("rows", "MonolithFusedValueRowids", ["splits"])
        graph.signature(inputs: ["splits": ("splits:0", .int64)], outputs: ["rows": ("rows:0", .int64)])
        return try graph.load()
    }

    @Test func `a timestamp passes its tensors on`() throws {
        var graph = GraphFixture()
        graph.placeholders(["a"], .float32)
        graph.placeholders(["b"], .string)
        graph.node("stamp", "MonolithTensorsTimestamp", ["a", "b"], ["T": .types([.float32, .string])])
        graph.signature(
            inputs: ["a": ("a:0", .float32), "b": ("b:0", .string)],
            outputs: ["a": ("stamp:0", .float32), "b": ("stamp:1", .string), "time": ("stamp:2", .int64)]
        )
        let model = try graph.load()
        defer { model.close() }
        let inputs: [String: Tensor] = [
            "a": .floats([1, 2]), "b": .strings(["x", "a string that is not short at all"]),
        ]
        var last: Int64 = 1_700_000_000_000_000
        for _ in 0..<3 {
            let answer = try model.answer(inputs)
            #expect(answer["a"]?.scalars(as: Float.self) == [1, 2])
            #expect(answer["b"]?.stringValues() == inputs["b"]?.stringValues())
            let time = try #require(answer["time"])
            #expect(time.shape == .scalar)
            #expect(time.scalars(as: Int64.self)[0] > last)
            last = time.scalars(as: Int64.self)[0]
        }
    }

    // MARK: The shared buffer

    @Test func `what shards give is put together in one buffer`() throws {
        let model = try sharedBuffer(fills: 1).load()
        defer { model.close() }
        let answer = try model.answer(Self.filled)
        #expect(answer["t"]?.scalars(as: Float.self) == Self.together)
        #expect(answer["t"]?.shape == .vector(19))
    }

    @Test func `runs at the same time have buffers of their own`() async throws {
        let model = try sharedBuffer(fills: 2).load()
        defer { model.close() }
        await withTaskGroup(of: Bool.self) { group in
            for factor in 0..<64 {
                group.addTask {
                    var inputs = Self.filled
                    inputs["value0"] = .floats((0..<12).map { Float($0 * factor) })
                    inputs["value1"] = inputs["value0"]
                    let answer = try? model.answer(inputs)["t"]?.scalars(as: Float.self)
                    return answer == Self.together.map { $0 * Float(factor) }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test func `a shard with rows of another width fails the run, and the next is fine`() throws {
        let model = try sharedBuffer(fills: 1).load()
        defer { model.close() }
        var inputs = Self.filled
        inputs["value0"] = .floats((0..<10).map(Float.init))
        let error = #expect(throws: ServingError.self) { try model.answer(inputs) }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.message.contains("MonolithFillWithOffsetMap: value has 10 floats; 12 are expected") == true,
            "\(error?.message ?? "")"
        )
        #expect(throws: Never.self) { try model.answer(Self.filled) }
    }

    @Test func `a buffer is finalized once`() throws {
        var graph = sharedBuffer(fills: 1)
        graph.node(
            "again",
            "MonolithFinalizeSharedTensor",
            ["fill0", "^t"],
            ["shape": .openShape, "dtype": .type(.float32), "num_tensors": .integer(1)]
        )
        graph.signature("twice", inputs: Self.feeds(fills: 1), outputs: ["again": ("again:0", .float32)])
        let model = try graph.load()
        defer { model.close() }
        let error = #expect(throws: ServingError.self) { try model.answer(Self.filled, signature: "twice") }
        #expect(
            error?.message.contains("MonolithFinalizeSharedTensor: handle is no buffer of this run, or was finalized")
                == true
        )
    }

    @Test func `a resource that is no buffer is refused`() throws {
        var graph = sharedBuffer(fills: 1)
        graph.node("table", "HashTableV2", [], ["key_dtype": .type(.int64), "value_dtype": .type(.int64)])
        graph.node(
            "other",
            "MonolithFinalizeSharedTensor",
            ["table"],
            ["shape": .openShape, "dtype": .type(.float32), "num_tensors": .integer(1)]
        )
        graph.signature("other", inputs: Self.feeds(fills: 0), outputs: ["other": ("other:0", .float32)])
        let model = try graph.load()
        defer { model.close() }
        let error = #expect(throws: ServingError.self) { try model.answer(Self.filled, signature: "other") }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("MonolithFinalizeSharedTensor: handle has different resources") == true)
    }

    @Test(arguments: [true, false])
    func `attributes that make no sense fail the run`(isType: Bool) throws {
        var graph = sharedBuffer(fills: 0)
        if isType {
            graph.node(
                "bad",
                "MonolithFinalizeSharedTensor",
                ["unique:4"],
                ["shape": .openShape, "dtype": .type(.int64), "num_tensors": .integer(1)]
            )
        } else {
            graph.node(
                "bad",
                "MonolithUniqueKeyWithValueAndOffset",
                ["key", "key_split"],
                ["dims": .integers([-1]), "generate_buffer": .flag(true)]
            )
        }
        graph.signature("bad", inputs: Self.feeds(fills: 0), outputs: ["bad": ("bad:0", .int64)])
        let model = try graph.load()
        defer { model.close() }
        let error = #expect(throws: ServingError.self) { try model.answer(Self.filled, signature: "bad") }
        #expect(error?.code == .invalidArgument)
        let reason = isType ? "dtype of node bad is DataType 9; float is expected" : "dims of node bad has -1"
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    /// Unique keys of four tables, filled by shards, each of which gives everything.
    private func sharedBuffer(fills: Int) -> GraphFixture {
        var graph = GraphFixture()
        graph.placeholders(["key", "key_split", "pos", "pos_split"], .int64)
        graph.node(
            "unique",
            "MonolithUniqueKeyWithValueAndOffset",
            ["key", "key_split"],
            ["dims": .integers([1, 2, 3, 4]), "generate_buffer": .flag(true)]
        )
        for index in 0..<fills {
            graph.placeholders(["value\(index)"], .float32)
            graph.node(
                "fill\(index)",
                "MonolithFillWithOffsetMap",
                ["pos", "pos_split", "value\(index)", "unique:2", "unique:3", "unique:4"],
                ["dims": .integers([1, 2, 3, 4])]
            )
        }
        guard fills > 0 else { return graph }
        graph.node(
            "t",
            "MonolithFinalizeSharedTensor",
            (0..<fills).map { "fill\($0)" },
            ["shape": .openShape, "dtype": .type(.float32), "num_tensors": .integer(fills)]
        )
        graph.signature(inputs: Self.feeds(fills: fills), outputs: ["t": ("t:0", .float32)])
        return graph
    }

    private static func feeds(fills: Int) -> [String: (tensor: String, type: ElementType)] {
        var feeds: [String: (tensor: String, type: ElementType)] = [:]
        for name in ["key", "key_split", "pos", "pos_split"] { feeds[name] = ("\(name):0", .int64) }
        for index in 0..<fills { feeds["value\(index)"] = ("value\(index):0", .float32) }
        return feeds
    }

    private static let filled: [String: Tensor] = [
        "key": .integers([0, 1, 2, 1, 0, 0, 1, 0]), "key_split": .integers([0, 0, 5, 8, 8]),
        "pos": .integers([0, 1, 2, 3, 4]), "pos_split": .integers([0, 0, 3, 5, 5]),
        "value0": .floats((0..<12).map(Float.init)),
    ]

    private static let together: [Float] = [0, 1, 2, 3, 4, 5, 2, 3, 0, 1, 6, 7, 8, 9, 10, 11, 6, 7, 8]

    // MARK: Registration

    @Test func `graphs with Monolith's operations are told from others`() throws {
        var graph = GraphFixture()
        graph.node("a", "NoOp")
        #expect(try operations(graph).includeMonolith == false)
        graph.node("b", "MonolithFusedValueRowids", ["a"])
        #expect(try operations(graph).includeMonolith)
    }

    private func operations(_ graph: GraphFixture) throws -> GraphOperations {
        try graph.savedModel.withUnsafeBytes { try GraphOperations($0) }
    }

    @Test func `one copy of such a graph does not serve two names`() throws {
        let folder = try ModelCopy(of: nil)
        try folder.write(sharedBuffer(fills: 1).savedModel, to: "saved_model.pb")
        #expect(!TensorFlowEngine().canShare(LoadRequest(path: folder.path)))
    }
}
