import ModelSignatures
import ServingPrimitives
import Testing

@testable import EngineTensorFlow

@Suite struct NodeDefinitionTests {
    private func corpus(_ name: String) throws -> [UInt8] {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return try fileContents(parts.dropLast(4).joined(separator: "/") + "/FuzzTesting/Corpus/fuzz-metagraph/\(name)")
    }

    private func node(_ bytes: [UInt8]) throws -> NodeDefinition {
        try bytes.withUnsafeBytes { try NodeDefinition($0) }
    }

    @Test func `a node's attributes are read`() throws {
        let node = try node(corpus("entry-node"))
        #expect(node.name == "ask_0")
        #expect(node.operation == "TfServingRemotePredict")
        #expect(try node.text("model_name") == "rec:ps_0")
        #expect(try node.integer("model_version") == -1)
        #expect(try node.integer("max_rpc_deadline_millis") == 30_000)
        #expect(try node.flag("fail_op_on_rpc_error"))
        #expect(try node.integers("T") == [9, 9])
        #expect(try node.integers("output_types") == [1])
    }

    @Test func `an attribute that is missing is named`() throws {
        let node = try node(corpus("entry-node"))
        #expect(
            throws: ServingError.invalidArgument(
                "TfServingRemotePredict: node ask_0 has no value for the attribute num_splits"
            )
        ) { try node.integer("num_splits") }
    }

    @Test func `lists are read packed and unpacked`() throws {
        for list in [[26, 3, 1, 2, 3], [24, 1, 24, 2, 24, 3]] as [[UInt8]] {
            var writer = ProtobufWriter()
            writer.message(5) {
                $0.string(1, "dims")
                $0.message(2) { $0.bytes(1, list) }
            }
            #expect(try node(writer.bytes).integers("dims") == [1, 2, 3])
        }
    }

    /// Every prefix and every changed byte: read or refused, within bounds.
    @Test(arguments: ["entry-node", "entry-model"]) func `damaged bytes are refused or read`(name: String) throws {
        let bytes = try corpus(name)
        func look(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes {
                _ = try? GraphOperations($0)
                _ = try? NodeDefinition($0)
            }
        }
        for count in bytes.indices { look(Array(bytes[..<count])) }
        for index in bytes.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[index] = value
                look(changed)
            }
        }
    }
}
