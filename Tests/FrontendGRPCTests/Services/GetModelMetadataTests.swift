import EngineInterface
import Inference
import NIOCore
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Testing

@testable import FrontendGRPC

struct GetModelMetadataTests {
    private func ask(
        _ serving: TestServing,
        _ fill: (inout Tensorflow_Serving_GetModelMetadataRequest) -> Void
    ) throws -> Tensorflow_Serving_GetModelMetadataResponse {
        let request = try Tensorflow_Serving_GetModelMetadataRequest.with(fill).serializedBytes() as [UInt8]
        let selector = try GetModelMetadata.model(ByteBuffer(bytes: request)) { _ in }
        let answer = try GetModelMetadata.answer(serving.services().inference.metadata(selector))
        return try Tensorflow_Serving_GetModelMetadataResponse(serializedBytes: answer)
    }

    /// A model whose signatures carry what its file says of them.
    private func model(_ definitions: [String: [UInt8]]) -> FakeModel {
        FakeModel(
            signatures: definitions.map {
                Signature(name: $0.key, methodName: "", inputs: [], outputs: [], definition: $0.value)
            }
        ) { _ throws(ServingError) in [] }
    }

    @Test func `signatures are passed on byte for byte, also what our messages do not know`() async throws {
        // method_name = "m", then an unknown field 2000 of one byte.
        let unusual: [UInt8] = [0x1A, 0x01, 0x6D, 0x80, 0x7D, 0x07]
        let long: [UInt8] = try Tensorflow_SignatureDef.with { $0.methodName = String(repeating: "x", count: 300) }
            .serializedBytes()
        let serving = TestServing(["m": model(["serving_default": unusual, "__saved_model_init_op": long])])
        await serving.serve("m", 7)
        let response = try ask(serving) {
            $0.modelSpec.name = "m"
            $0.modelSpec.signatureName = "ignored"
            $0.metadataField = ["signature_def"]
        }
        #expect(response.modelSpec.name == "m")
        #expect(response.modelSpec.version.value == 7)
        #expect(response.modelSpec.signatureName.isEmpty)
        #expect(response.metadata.keys.sorted() == ["signature_def"])
        let any = try #require(response.metadata["signature_def"])
        #expect(any.typeURL == "type.googleapis.com/tensorflow.serving.SignatureDefMap")
        let signatures = try Tensorflow_Serving_SignatureDefMap(serializedBytes: Array(any.value)).signatureDef
        #expect(signatures.keys.sorted() == ["__saved_model_init_op", "serving_default"])
        #expect(try signatures["serving_default"]?.serializedBytes() == unusual)
        #expect(try signatures["__saved_model_init_op"]?.serializedBytes() == long)
    }

    @Test func `requests that cannot be answered are refused as TensorFlow Serving does`() async throws {
        let serving = TestServing(["m": model([:])])
        await serving.serve("m", 1)
        let cases: [((inout Tensorflow_Serving_GetModelMetadataRequest) -> Void, ServingError)] = [
            ({ $0.metadataField = ["signature_def"] }, .invalidArgument("Missing ModelSpec")),
            (
                { $0.modelSpec.name = "m" },
                .invalidArgument("GetModelMetadataRequest must specify at least one metadata_field")
            ),
            (
                {
                    $0.modelSpec.name = "m"
                    $0.metadataField = ["signature_def", "size"]
                }, .invalidArgument("Metadata field size is not supported")
            ),
            (
                {
                    $0.modelSpec = .init()
                    $0.metadataField = ["signature_def"]
                }, .invalidArgument("ModelSpec has no name specified.")
            ),
            (
                {
                    $0.modelSpec.name = "x"
                    $0.metadataField = ["signature_def"]
                }, .notFound("Servable not found for request: Latest(x)")
            ),
            (
                {
                    $0.modelSpec.name = "m"
                    $0.modelSpec.version = .init(2)
                    $0.metadataField = ["signature_def"]
                }, .notFound("Servable not found for request: Specific(m, 2)")
            ),
            (
                {
                    $0.modelSpec.name = "m"
                    $0.modelSpec.versionLabel = "stable"
                    $0.metadataField = ["signature_def"]
                }, .invalidArgument("Unrecognized servable version label: stable")
            ),
        ]
        for (fill, expected) in cases {
            #expect(throws: expected) { try ask(serving, fill) }
        }
    }
}
