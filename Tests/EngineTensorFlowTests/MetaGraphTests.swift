import EngineInterface
import ModelSignatures
import Testing

@testable import EngineTensorFlow

@Suite struct MetaGraphTests {
    private func read(_ bytes: [UInt8]) throws -> MetaGraph {
        try bytes.withUnsafeBytes { try MetaGraph($0) }
    }

    /// A field with bytes as its value.
    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }

    private func node(_ type: String) -> [UInt8] { field(1, Array("name".utf8)) + field(2, Array(type.utf8)) }

    @Test(arguments: [("While", true), ("Enter", true), ("QueueDequeueV2", true), ("Whil", false), ("MatMul", false)])
    func `loops are found in the graph and in its functions`(type: String, mayRunLong: Bool) throws {
        let graph = field(2, field(1, node("Add")) + field(1, node(type)))
        #expect(try read(graph).mayRunLong == mayRunLong)
        let function = field(2, field(1, node("Add")) + field(2, field(1, field(3, node(type)))))
        #expect(try read(function).mayRunLong == mayRunLong)
    }

    @Test func `real models are told apart`() throws {
        let engine = TensorFlowEngine()
        #expect(try engine.loadModel(LoadRequest(path: TestModels.path("loop"))).mayRunLong)
        #expect(try engine.loadModel(LoadRequest(path: TestModels.path("perceptron"))).mayRunLong == false)
    }

    /// FuzzTesting/Corpus/fuzz-metagraph: what the fuzz target starts from, and all that has failed once.
    @Test func `the fuzzer's inputs are refused or read`() throws {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast(3).joined(separator: "/") + "/FuzzTesting/Corpus/fuzz-metagraph"
        let names = fileNames(in: folder)
        #expect(names.count >= 5)
        for name in names {
            let bytes = try fileContents("\(folder)/\(name)")
            _ = try? read(bytes)
            _ = bytes.withUnsafeBytes { try? GraphOperations($0) }
            _ = bytes.withUnsafeBytes { try? NodeDefinition($0) }
        }
        #expect(try read(fileContents("\(folder)/loop")).mayRunLong)
        #expect(try read(fileContents("\(folder)/composite")).signatures["sparse"] != nil)
        #expect(try read(fileContents("\(folder)/defaults")).signatures["scale"]?.defaults.count == 1)
    }

    /// Every prefix and every changed byte: read or refused, within bounds.
    @Test func `damaged messages are refused or read, never more`() throws {
        let info = field(1, Array("x:0".utf8)) + [16, 1] + field(3, field(2, [8, 3]))
        let signature = field(1, field(1, [0x78]) + field(2, info)) + field(3, Array("method".utf8))
        let whole =
            field(2, field(1, node("While"))) + field(5, field(1, [0x73]) + field(2, signature)) + [9]
            + [UInt8](repeating: 0, count: 8) + [5 << 3 | 5, 0, 0, 0, 0]
        let sound = try read(whole)
        #expect(sound.signatures["s"]?.inputs["x"]?.shape == [3])
        #expect(sound.signatures["s"]?.methodName == "method")
        for length in 0..<whole.count { _ = try? read(Array(whole.prefix(length))) }
        for index in whole.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = whole
                changed[index] = value
                _ = try? read(changed)
            }
        }
    }

    @Test(
        arguments: [
            [0x80], [UInt8](repeating: 0xFF, count: 11), [10], [10, 5, 1],
            [10] + [UInt8](repeating: 0xFF, count: 9) + [1],
            [9, 0], [13, 0, 0], [11], [12], [15],
        ] as [[UInt8]]
    )
    func `malformed fields are refused`(bytes: [UInt8]) {
        #expect(throws: ProtobufReader.Malformed.self) {
            try bytes.withUnsafeBytes {
                var reader = ProtobufReader($0)
                while try reader.next() != nil {}
            }
        }
    }
}
