import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import EngineTensorFlow

/// The operations of exports whose tables are merged. Golden values are those of Monolith's own tests.
@Suite struct MergedTableTests {
    private func floats(_ shape: [Int], _ values: [Float]) throws -> Tensor {
        try Tensor(.float32, TensorShape(shape), scalars: values)
    }

    private func integers(_ shape: [Int], _ values: [Int64]) throws -> Tensor {
        try Tensor(.int64, TensorShape(shape), scalars: values)
    }

    private func refusal(_ model: any LoadedModel, _ inputs: [String: Tensor]) throws -> String {
        let error = #expect(throws: ServingError.self) { try model.answer(inputs) }
        #expect(error?.code == .invalidArgument)
        return error?.message ?? ""
    }

    // MARK: MonolithSplitByIndices

    private func split(_ type: ElementType, shards: Int = 3) throws -> any LoadedModel {
        var graph = GraphFixture()
        graph.placeholders(["indices"], .int64)
        graph.placeholders(["input"], type)
        graph.node(
            "split",
            "MonolithSplitByIndices",
            ["indices", "input"],
            ["num_splits": .integer(shards), "T": .type(type)]
        )
        graph.signature(
            inputs: ["indices": ("indices:0", .int64), "input": ("input:0", type)],
            outputs: Dictionary(uniqueKeysWithValues: (0..<shards).map { ("\($0)", ("split:\($0)", type)) })
        )
        return try graph.load()
    }

    @Test func `ids are dealt out`() throws {
        let model = try split(.int64)
        defer { model.close() }
        let answer = try model.integers(["indices": [0, 1, 2, 2, 0], "input": [0, 1, 2, 2, 3]])
        #expect(answer == ["0": [0, 3], "1": [1], "2": [2, 2]])
        #expect(try model.integers(["indices": [], "input": []]) == ["0": [], "1": [], "2": []])
    }

    @Test(arguments: [ElementType.float32, .float16, .bool, .complex128])
    func `rows of any type are dealt out`(type: ElementType) throws {
        let model = try split(type, shards: 2)
        defer { model.close() }
        let input = try OffsetMemory.tensor(type, TensorShape([3, 2, 2]), offset: 0) { UInt8(($0 / 16) & 1) }
        let answer = try model.answer(["indices": .integers([1, 0, 1]), "input": input])
        let row = input.content.count / 3
        #expect(answer["0"]?.shape.dimensions == [1, 2, 2])
        #expect(answer["1"]?.shape.dimensions == [2, 2, 2])
        #expect(answer["0"]?.content == Array(input.content[row..<2 * row]))
        #expect(answer["1"]?.content == Array(input.content[..<row] + input.content[(2 * row)...]))
    }

    @Test func `what cannot be dealt out is refused`() throws {
        let model = try split(.int64)
        defer { model.close() }
        #expect(
            try refusal(model, ["indices": .integers([0, 3]), "input": .integers([1, 2])])
                .contains("MonolithSplitByIndices: indices has 3 at 1; 0 to 2 is expected")
        )
        #expect(
            try refusal(model, ["indices": .integers([0]), "input": .integers([1, 2])])
                .contains("input has shape [2]; 1 rows are expected, as indices has")
        )
        #expect(
            try refusal(model, ["indices": .integers([0]), "input": integers([], [1])])
                .contains("input has shape []; 1 rows are expected, as indices has")
        )
        let strings = try split(.string)
        defer { strings.close() }
        #expect(
            try refusal(strings, ["indices": .integers([0]), "input": .strings(["a"])])
                .contains("T of node split is DataType 7; numbers are expected")
        )
    }

    // MARK: MonolithMapIdToEmbedding

    private func gather() throws -> any LoadedModel {
        var graph = GraphFixture()
        graph.placeholders(["id0", "id1", "input"], .int64)
        graph.placeholders(["row0", "row1"], .float32)
        graph.node(
            "map",
            "MonolithMapIdToEmbedding",
            ["id0", "id1", "row0", "row1", "input"],
            ["num_splits": .integer(2), "use_multi_threads": .flag(true)]
        )
        graph.signature(
            inputs: [
                "id0": ("id0:0", .int64), "id1": ("id1:0", .int64), "input": ("input:0", .int64),
                "row0": ("row0:0", .float32), "row1": ("row1:0", .float32),
            ],
            outputs: ["output": ("map:0", .float32)]
        )
        return try graph.load()
    }

    private func given() throws -> [String: Tensor] {
        [
            "id0": .integers([1]), "row0": try floats([1, 2], [1, 10]), "id1": .integers([2, 1]),
            "row1": try floats([2, 2], [2, 20, 9, 9]), "input": try integers([2, 1], [2, 1]),
        ]
    }

    @Test func `each id gets its row`() throws {
        let model = try gather()
        defer { model.close() }
        let output = try model.answer(given())["output"]
        #expect(output?.shape.dimensions == [2, 1, 2])
        #expect(output?.scalars(as: Float.self) == [2, 20, 1, 10])
        var empty = try given()
        empty["input"] = .integers([])
        #expect(try model.answer(empty)["output"]?.shape.dimensions == [0, 2])
    }

    @Test(
        arguments: [
            ("input", [3, 1], nil, "input has the id 3, of which no shard gave a row"),
            ("id0", [1, 5], nil, "embeddings[0] has 1 rows; 2 are expected, as ids[0] has"),
            ("row1", [2], 3, "embeddings[1] has rows of 3 floats; 2 are expected, as others have"),
            ("row0", [], nil, "embeddings[0] has 1 dimensions; 2 are expected"),
        ] as [(String, [Int64], Int?, String)]
    )
    func `rows that do not fit are refused`(name: String, ids: [Int64], width: Int?, reason: String) throws {
        let model = try gather()
        defer { model.close() }
        var inputs = try given()
        if let width {
            inputs[name] = try floats([2, width], .init(repeating: 0, count: 2 * width))
        } else {
            inputs[name] = name == "row0" ? .floats([1]) : .integers(ids)
        }
        let message = try refusal(model, inputs)
        #expect(message.contains("MonolithMapIdToEmbedding: \(reason)"), "\(message)")
    }

    // MARK: Reductions

    private func reduction(_ operation: String) throws -> any LoadedModel {
        var graph = GraphFixture()
        graph.placeholders(["indices", "shape"], .int64)
        graph.placeholders(["values"], .float32)
        graph.node("reduce", operation, ["indices", "values", "shape"])
        graph.signature(
            inputs: [
                "indices": ("indices:0", .int64), "shape": ("shape:0", .int64), "values": ("values:0", .float32),
            ],
            outputs: ["reduced": ("reduce:0", .float32)]
        )
        return try graph.load()
    }

    @Test(
        arguments: [
            ("MonolithReduceSum", [4, 4, 2, 2, 1, 1], [6, 6, 1, 1, 0, 0]),
            ("MonolithReduceMean", [4, 4, 2, 2, 1, 1], [3, 3, 1, 1, 0, 0]),
            ("MonolithReduceSquareNorm", [3, 3, 4, 4, 4, 4], [5, 5, 4, 4, 0, 0]),
        ] as [(String, [Float], [Float])]
    )
    func `rows of an example become one`(operation: String, values: [Float], expected: [Float]) throws {
        let model = try reduction(operation)
        defer { model.close() }
        let answer = try model.answer([
            "indices": integers([3, 2], [0, 0, 0, 1, 1, 0]), "values": floats([3, 2], values),
            "shape": .integers([3, 2]),
        ])
        #expect(answer["reduced"]?.shape.dimensions == [3, 2])
        #expect(answer["reduced"]?.scalars(as: Float.self) == expected)
    }

    @Test(
        arguments: [
            ([1, 1], [3], [3], "id_indices has 3 in row 0; an example below 3 is expected"),
            ([1, 1], [-1], [3], "id_indices has -1 in row 0; an example below 3 is expected"),
            ([1, 1], [0], [], "id_dense_shape is []; a number of examples is expected first"),
            ([1, 1], [0], [-3], "id_dense_shape is [-3]; a number of examples is expected first"),
            ([2, 1], [0, 0], [3], "id_indices has shape [2, 1], id_values 1 rows"),
            ([1, 0], [], [3], "id_indices has shape [1, 0], id_values 1 rows"),
            ([1], [0], [3], "id_indices has 1 dimensions; 2 are expected"),
        ] as [([Int], [Int64], [Int64], String)]
    )
    func `rows of no example are refused`(size: [Int], indices: [Int64], shape: [Int64], reason: String) throws {
        let model = try reduction("MonolithReduceMean")
        defer { model.close() }
        let message = try refusal(
            model,
            ["indices": integers(size, indices), "values": floats([1, 2], [1, 1]), "shape": .integers(shape)]
        )
        #expect(message.contains("MonolithReduceMean: \(reason)"), "\(message)")
    }

    @Test func `more examples than there is memory for are refused`() throws {
        let model = try reduction("MonolithReduceSum")
        defer { model.close() }
        for count in [1 << 40, Int64.max] {
            let error = #expect(throws: ServingError.self) {
                try model.answer([
                    "indices": integers([1, 1], [0]), "values": floats([1, 2], [1, 1]), "shape": .integers([count]),
                ])
            }
            #expect(error?.code == .resourceExhausted)
        }
    }
}
