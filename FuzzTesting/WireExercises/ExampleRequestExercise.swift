import Inference
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import WireFormat

/// What fuzz-example-request does with an input, and the tests with its corpus and with mutated messages: the decoders of
/// Classify, Regress and MultiInference have to agree on it with generated messages, and on the examples, which they do
/// not decode, with a reading of their own.
package enum ExampleRequestExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let disagreement = disagreement(on: Array(input)) { fatalError(disagreement) }
    }

    /// `nil` when all agree.
    package static func disagreement(on bytes: [UInt8]) -> String? {
        let rest = ReadFields.of(bytes, without: 2)
        let input = ReferenceInput(bytes)
        return disagreementOnExampleRequest(bytes, rest, input) ?? disagreementOnMultiInference(bytes, rest, input)
    }

    private static let options: BinaryDecodingOptions = {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 10_000
        return options
    }()

    private static func disagreementOnExampleRequest(
        _ bytes: [UInt8],
        _ rest: [UInt8],
        _ input: ReferenceInput?
    ) -> String? {
        let expected = try? Tensorflow_Serving_ClassificationRequest(serializedBytes: rest, options: options)
        let received = ReceivedBytes(bytes)
        do throws(ServingError) {
            let call = try ExampleRequestDecoder.decode(
                "ClassificationRequest",
                UnsafeRawBufferPointer(received.bytes),
                owner: received
            )
            guard let expected, let input else { return "accepted what is not a ClassificationRequest" }
            guard expected.hasModelSpec, call.model == ModelSelector(expected.modelSpec) else {
                return "model \(call.model)"
            }
            return call.examples.stringValues() == input.examples ? nil : "examples"
        } catch {
            if error.message == "Missing ModelSpec" { return expected?.hasModelSpec != true ? nil : "a ModelSpec" }
            return disagreement(error, expected != nil, input)
        }
    }

    private static func disagreementOnMultiInference(
        _ bytes: [UInt8],
        _ rest: [UInt8],
        _ input: ReferenceInput?
    ) -> String? {
        let expected = try? Tensorflow_Serving_MultiInferenceRequest(serializedBytes: rest, options: options)
        let received = ReceivedBytes(bytes)
        do throws(ServingError) {
            let call = try MultiInferenceRequestDecoder.decode(
                UnsafeRawBufferPointer(received.bytes),
                owner: received
            )
            guard let expected, let input else { return "accepted what is not a MultiInferenceRequest" }
            guard call.tasks.map(\.model) == expected.tasks.map({ ModelSelector($0.modelSpec) }),
                call.tasks.map(\.methodName) == expected.tasks.map(\.methodName)
            else { return "tasks" }
            return call.examples.stringValues() == input.examples ? nil : "examples"
        } catch {
            return disagreement(error, expected != nil, input)
        }
    }

    private static func disagreement(_ error: ServingError, _ isExpected: Bool, _ input: ReferenceInput?) -> String? {
        guard error.code == .invalidArgument else { return "not INVALID_ARGUMENT: \(error)" }
        // Limits of ours that generated messages do not have.
        if error.message.contains("nested more than") || error.message.contains("more than 65536 inputs") { return nil }
        if error.message.hasPrefix("Cannot read the examples: a context of ") {
            return input?.isLarge == true ? nil : "refused a small context"
        }
        guard error.message.hasPrefix("Malformed ") else { return "wrong reason: \(error)" }
        return isExpected && input != nil ? "refused a good message: \(error)" : nil
    }
}

/// The examples of a request as the generic structure of its message gives them.
private struct ReferenceInput {
    private(set) var examples: [[UInt8]] = []
    /// Whether the context in front of every example would be much more than the request.
    private(set) var isLarge = false

    /// `nil` when the message, or one of those on the way to the examples, is not well-formed.
    init?(_ request: [UInt8]) {
        let input = Self.bytes(2)
        guard let fields = ReadFields.payloads(of: request[...]) else { return nil }
        var kind: UInt64 = 0
        var context: [UInt8] = []
        for field in fields where field.tag == input {
            guard let lists = ReadFields.payloads(of: field.payload) else { return nil }
            for list in lists where list.tag == Self.bytes(1) || list.tag == Self.bytes(2) {
                if list.tag != kind { (examples, context, kind) = ([], [], list.tag) }
                guard let items = ReadFields.payloads(of: list.payload) else { return nil }
                examples += items.filter { $0.tag == Self.bytes(1) }.map { Array($0.payload) }
                guard kind == Self.bytes(2) else { continue }
                context += items.filter { $0.tag == Self.bytes(2) }.flatMap { Array($0.payload) }
            }
        }
        isLarge = examples.count * context.count > (64 << 20) + 16 * request.count
        if !isLarge { examples = examples.map { context + $0 } }
    }

    private static func bytes(_ field: UInt64) -> UInt64 { field << 3 | 2 }
}
