import FrontendREST
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors

/// Reads a `:classify` body. What is read must be well-formed examples for any reader of protobuf; what is refused must be
/// refused with a text for the client.
package enum JSONExamplesExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        // Memory of exactly this size, so that a read behind the end is seen.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyMemory(from: input)
        do throws(ServingError) {
            let request = try ExampleRequestParser.parse(UnsafeRawBufferPointer(bytes))
            precondition(request.examples.shape.elementCount > 0, "a request without examples was taken")
            check(request.examples)
        } catch {
            precondition(error.code == .invalidArgument && !error.message.isEmpty, "a refusal says nothing: \(error)")
        }
    }

    private static func check(_ examples: Tensor) {
        for bytes in examples.stringValues() {
            do {
                _ = try Tensorflow_Example(serializedBytes: bytes)
            } catch {
                // Names of features that are not UTF-8, also those made of half a surrogate pair, pass through.
                guard case BinaryDecodingError.invalidUTF8 = error else { preconditionFailure("no Example: \(error)") }
            }
        }
    }
}
