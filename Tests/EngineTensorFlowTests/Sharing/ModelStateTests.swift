import EngineInterface
import EngineTensorFlow
import PlacementExercises
import Testing

/// What a saved model leaves behind, told from bytes that are put together here.
@Suite struct ModelStateTests {
    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        (number < 16 ? [number << 3 | 2] : [(number & 15) << 3 | 0x82, number >> 4]) + varint(bytes.count) + bytes
    }

    private func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    private func varint(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
    }

    private func operation(_ name: String, isStateful: Bool = false, takesHandle: Bool = false) -> [UInt8] {
        field(1, field(1, name) + (takesHandle ? field(2, [24, 20]) : []) + (isStateful ? [136, 1, 1] : []))
    }

    private func node(_ name: String, _ operation: String, _ inputs: [String] = [], function: String? = nil) -> [UInt8]
    {
        let attribute = function.map { field(5, field(1, "f") + field(2, field(10, field(1, $0)))) } ?? []
        return field(1, name) + field(2, operation) + inputs.flatMap { field(3, $0) } + attribute
    }

    private func function(_ name: String, _ nodes: [[UInt8]]) -> [UInt8] {
        field(2, field(1, field(1, field(1, name)) + nodes.flatMap { field(3, $0) }))
    }

    private func signature(_ name: String, _ tensor: String) -> [UInt8] {
        field(5, field(1, name) + field(2, field(2, field(1, "y") + field(2, field(1, tensor)))))
    }

    /// `Add` computes, `Assign` takes a handle, `Queue` is stateful.
    private func keeps(_ graph: [UInt8], _ signatures: [UInt8]) throws -> Bool {
        let operations =
            operation("Add") + operation("Assign", takesHandle: true) + operation("Queue", isStateful: true)
            + operation("ReadFile") + operation("RangeDataset")
        let model = field(2, field(1, field(2, operations)) + field(2, graph) + signatures)
        return try model.withUnsafeBytes { try ModelState($0).isKept }
    }

    @Test(arguments: [
        ("Add", false), ("ReadVariableOp", false), ("HashTableV2", false), ("Assign", true), ("Queue", true),
        ("ReadFile", true), ("RangeDataset", true), ("Unknown", true),
    ])
    func `operations that are reached count`(type: String, isKept: Bool) throws {
        let graph = field(1, node("y", "Add", ["x:1"])) + field(1, node("x", type))
        #expect(try keeps(graph, signature("s", "y:0")) == isKept)
        let waiting = field(1, node("y", "Add", ["^x"])) + field(1, node("x", type))
        #expect(try keeps(waiting, signature("s", "y:0")) == isKept)
        let called =
            field(1, node("y", "PartitionedCall", function: "outer"))
            + function("outer", [node("a", "Add"), node("b", "inner")]) + function("inner", [node("c", type)])
        #expect(try keeps(called, signature("s", "y:0")) == isKept)
    }

    @Test func `what only loading or saving reaches does not count`() throws {
        let graph = field(1, node("y", "Add")) + field(1, node("init", "Assign")) + field(1, node("save", "Queue"))
        let signatures = signature("s", "y:0") + signature("__saved_model_init_op", "init")
        #expect(try !keeps(graph, signatures))
        #expect(try keeps(graph, signatures + signature("t", "save:0")))
    }

    @Test func `what is not understood counts`() throws {
        #expect(try keeps(field(1, node("y", "Add")), signature("s", "z:0")), "a tensor of no node")
        let sparse = field(5, field(1, "s") + field(2, field(2, field(1, "y") + field(2, field(4, [])))))
        #expect(try keeps(field(1, node("y", "Add")), sparse))
        #expect(try [UInt8]().withUnsafeBytes { try ModelState($0).isKept }, "no graph at all")
    }

    @Test func `functions that call each other end`() throws {
        let graph =
            field(1, node("y", "f")) + function("f", [node("a", "g")])
            + function("g", [node("b", "f"), node("c", "Add")])
        #expect(try !keeps(graph, signature("s", "y:0")))
    }

    @Test(arguments: ["half_plus_two_tf2", "perceptron", "mobilenet_v2", "classifier"])
    func `models that only compute can be shared`(name: String) throws {
        #expect(TensorFlowEngine().canShare(LoadRequest(path: try TestModels.path(name))))
    }

    @Test func `a model that reads an asset while it runs needs its own folder`() throws {
        #expect(!TensorFlowEngine().canShare(LoadRequest(path: try TestModels.path("half_plus_two"))))
    }

    @Test func `a model in text form is not looked into`() throws {
        #expect(!TensorFlowEngine().canShare(LoadRequest(path: try TestModels.path("half_plus_two_text"))))
        #expect(!TensorFlowEngine().canShare(LoadRequest(path: "/nowhere")))
    }

    /// Every prefix and every changed byte: read or refused, within bounds.
    @Test func `damaged files are refused or read`() throws {
        let graph = field(1, node("y", "f", ["^x"])) + function("f", [node("a", "Add", function: "g")])
        let whole = field(2, field(1, field(2, operation("Add"))) + field(2, graph) + signature("s", "y:0"))
        func read(_ bytes: [UInt8]) { _ = try? bytes.withUnsafeBytes { try ModelState($0) } }
        for length in 0..<whole.count { read(Array(whole.prefix(length))) }
        for index in whole.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = whole
                changed[index] = value
                read(changed)
            }
        }
    }

    /// FuzzTesting/Corpus/fuzz-model-state: what the fuzz target starts from, and all that has failed once.
    @Test func `the fuzzer's inputs are refused or read`() throws {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast(4).joined(separator: "/") + "/FuzzTesting/Corpus/fuzz-model-state"
        func isKept(_ name: String) throws -> Bool? {
            try fileContents("\(folder)/\(name)").withUnsafeBytes { ModelStateExercise.isKept(in: $0) }
        }
        for name in fileNames(in: folder) { _ = try isKept(name) }
        #expect(try isKept("half_plus_two_tf2") == false)
        #expect(try isKept("composite") == true)
    }
}
