import EngineInterface
import FrontendREST
import Inference
import NIOCore
import ServingPrimitives
import Tensors

/// Reads a `:predict` body under several signatures. What is read must be consistent, and must be read again the same
/// from the answer that our writer makes of it; what is refused must be refused with a text for the client.
package enum JSONExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        // Memory of exactly this size, so that a read behind the end is seen.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyMemory(from: input)
        for types in signatures { run(UnsafeRawBufferPointer(bytes), types) }
    }

    private static let signatures: [[ElementType]] = [
        [.float32], [.float64], [.int32], [.uint8], [.int64], [.uint64], [.bool], [.string], [.float16],
        [.float32, .string], [],
    ]

    private static func run(_ body: UnsafeRawBufferPointer, _ types: [ElementType]) {
        guard let request = parse(body, types) else { return }
        precondition(request.inputs.map(\.tensor.elementType) == types, "inputs are not those of the signature")
        for input in request.inputs { _ = input.tensor.byteCount }
        var buffer = ByteBuffer()
        do throws(ServingError) {
            try PredictResponseWriter.write(request.inputs, form: request.form, to: &buffer)
        } catch {
            preconditionFailure("what was read cannot be written: \(error)")
        }
        let key = request.form == .rows ? ("predictions", "instances") : ("outputs", "inputs")
        let text = String(buffer: buffer).replacing("\"\(key.0)\"", with: "\"\(key.1)\"", maxReplacements: 1)
        let again = Array(text.utf8).withUnsafeBytes { parse($0, types) }
        guard types != [.string], types != [.float32, .string] else { return }  // Text repairs invalid UTF-8.
        precondition(again?.inputs.map(\.tensor.shape) == request.inputs.map(\.tensor.shape), "shapes changed")
        precondition(again.map { contents($0) } == contents(request), "values changed")
    }

    private static func contents(_ request: ParsedPredictRequest) -> [[UInt8]] {
        request.inputs.map { input in
            switch input.tensor.elementType {
            // All that are no numbers are alike.
            case .float32: input.tensor.scalars(as: Float.self).flatMap { bytes($0.isNaN ? .nan : $0) }
            case .float64: input.tensor.scalars(as: Double.self).flatMap { bytes($0.isNaN ? .nan : $0) }
            default: input.tensor.withUnsafeBytes { Array($0) }
            }
        }
    }

    private static func bytes<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value) { Array($0) }
    }

    private static func parse(_ body: UnsafeRawBufferPointer, _ types: [ElementType]) -> ParsedPredictRequest? {
        do throws(ServingError) {
            return try PredictRequestParser.parse(body) { name throws(ServingError) in
                guard name.utf8.count < 20 else { throw .invalidArgument("no such signature") }
                return signature(types)
            }
        } catch {
            precondition(error.code != .internal && !error.message.isEmpty, "a refusal says nothing: \(error)")
            return nil
        }
    }

    private static func signature(_ types: [ElementType]) -> Signature {
        Signature(
            name: "serving_default",
            methodName: "",
            inputs: zip(["a", "b"], types).map {
                Signature.Parameter(name: $0, elementType: $1, shape: nil, tensorName: $0)
            },
            outputs: []
        )
    }
}
