import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import WireFormat

/// What fuzz-predict-request does with an input, and the tests with its corpus and with mutated messages: the decoder
/// and the generated messages have to agree on it, and so do the encoder and the generated messages on the answer.
package enum PredictRequestExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let disagreement = disagreement(on: Array(input)) { fatalError(disagreement) }
    }

    /// `nil` when all agree.
    package static func disagreement(on bytes: [UInt8]) -> String? {
        for length in [bytes.count / 2, bytes.count] {
            let offset = bytes.prefix(length).withUnsafeBytes { PredictRequestDecoder.payloadOffset(inPrefix: $0) }
            if let offset, !(0...length).contains(offset) { return "payload offset \(offset) in \(length) bytes" }
        }
        if let fault = faultAsAnswer(bytes) { return fault }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 10_000
        let expected = try? Tensorflow_Serving_PredictRequest(serializedBytes: ReadFields.of(bytes), options: options)
        do throws(ServingError) {
            let call = try decode(bytes)
            guard let expected else { return "accepted what is not a PredictRequest" }
            return disagreement(call, expected) ?? disagreementOnAnswer(call.inputs)
        } catch {
            return disagreement(error, expected)
        }
    }

    /// Read as an answer, which has tensors in the same form, the bytes have to be taken or refused.
    private static func faultAsAnswer(_ bytes: [UInt8]) -> String? {
        let decoded: Result<[NamedTensor], ServingError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try PredictResponseDecoder.decode(copying: bytes) }
        }
        guard case .failure(let error) = decoded, error.code != .invalidArgument else { return nil }
        return "an answer is refused with another error: \(error)"
    }

    private static func decode(_ bytes: [UInt8]) throws(ServingError) -> PredictCall {
        let received = ReceivedBytes(bytes)
        return try PredictRequestDecoder.decode(UnsafeRawBufferPointer(received.bytes), owner: received)
    }

    private static func disagreement(_ error: ServingError, _ expected: Tensorflow_Serving_PredictRequest?) -> String? {
        guard error.code == .invalidArgument else { return "not INVALID_ARGUMENT: \(error)" }
        guard let expected else {
            return error.message.hasPrefix("Malformed PredictRequest at byte ") ? nil : "wrong reason: \(error)"
        }
        // Limits of ours that generated messages do not have.
        if error.message.contains("nested more than") || error.message.contains("more than 65536 inputs") { return nil }
        if error.message == "Missing ModelSpec" { return expected.hasModelSpec ? "there is a ModelSpec" : nil }
        let isRefusedTensor = expected.inputs.contains { name, message in
            guard error.message.hasPrefix("tensor parsing error: \(name): ") else { return false }
            return (try? ReferenceTensor(message)) == nil
        }
        return isRefusedTensor ? nil : "refused a good message: \(error)"
    }

    private static func disagreement(_ call: PredictCall, _ expected: Tensorflow_Serving_PredictRequest) -> String? {
        guard expected.hasModelSpec, call.model == ModelSelector(expected.modelSpec) else {
            return "model \(call.model)"
        }
        guard call.outputFilter == expected.outputFilter else { return "output filter \(call.outputFilter)" }
        guard call.inputs.map(\.name).sorted() == expected.inputs.keys.sorted() else { return "names of inputs" }
        for input in call.inputs {
            do throws(ReferenceTensor.Failure) {
                let reference = try ReferenceTensor(expected.inputs[input.name] ?? Tensorflow_TensorProto())
                guard ReferenceTensor(input.tensor) == reference else { return "elements of \(input.name)" }
            } catch .tooLarge {
                continue
            } catch {
                return "\(input.name) is not a tensor"
            }
        }
        return nil
    }

    /// Sends the inputs back as outputs.
    private static func disagreementOnAnswer(_ outputs: [NamedTensor]) -> String? {
        guard outputs.reduce(0, { $0 + $1.tensor.shape.elementCount }) <= ReferenceTensor.sizeLimit else { return nil }
        for encoding in [TensorEncoding.typedFields, .content] {
            guard let answer = try? answer(outputs, encoding) else { return "an answer that is not a PredictResponse" }
            for output in outputs {
                let message = answer.outputs[output.name] ?? Tensorflow_TensorProto()
                // Any byte but 0 is true; the typed field makes it 1.
                if output.tensor.elementType == .bool { continue }
                guard (try? ReferenceTensor(message)) == ReferenceTensor(output.tensor) else {
                    return "\(output.name) in the answer, \(encoding)"
                }
            }
        }
        return nil
    }

    private final class NoModel: Servable {}

    private static func answer(
        _ outputs: [NamedTensor],
        _ encoding: TensorEncoding
    ) throws -> Tensorflow_Serving_PredictResponse {
        let lease = ServableLease(id: ServableID(name: "m", version: 7), servable: NoModel()) {}
        let result = PredictResult(signatureName: "s", outputs: outputs, lease: lease)
        let encoder = try PredictResponseEncoder(result, encoding: encoding)
        var bytes = [UInt8](repeating: 0, count: encoder.byteCount)
        bytes.withUnsafeMutableBytes { encoder.write(into: $0) }
        return try Tensorflow_Serving_PredictResponse(serializedBytes: bytes)
    }
}
