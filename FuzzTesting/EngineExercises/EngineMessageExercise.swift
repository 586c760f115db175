import EngineInterface
import EngineProcess
import ServingPrimitives
import Tensors

/// What fuzz-engine-message does with an input, and the tests with its corpus: reads it as a message of an engine process
/// that has lost its mind. The first byte chooses which. What is read must be all there.
package enum EngineMessageExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        _ = readBytes(in: Array(input))
    }

    /// Sum of the bytes of all tensors that were read; `nil` when the message is refused.
    package static func readBytes(in input: [UInt8]) -> UInt64? {
        guard let kind = input.first else { return nil }
        let tensors = try? MessageReader.read(Array(input.dropFirst())) { (reader) throws(ServingError) in
            switch kind {
            case 0: try reader.runRequest().request.inputs
            case 1: try reader.signature().inputs.compactMap(\.defaultValue)
            default: try reader.outputs(of: Int(kind) - 2, trace: nil)
            }
        }
        return tensors?.reduce(0) { $0 &+ sum(of: $1) }
    }

    private static func sum(of tensor: Tensor) -> UInt64 {
        func sum(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 &+ UInt64($1) } }
        guard tensor.elementType == .string else { return tensor.withUnsafeBytes { sum($0) } }
        return tensor.withStrings { strings in strings.reduce(0) { $0 &+ sum($1.bytes) } }
    }
}
