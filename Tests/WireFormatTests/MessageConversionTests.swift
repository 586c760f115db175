import EngineInterface
import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing

@testable import WireFormat

@Suite struct MessageConversionTests {
    @Test func `a request without model_spec is refused`() throws {
        let error = try #require(throws: ServingError.self) {
            try Tensorflow_Serving_GetModelStatusRequest().modelSelector()
        }
        #expect(error == .invalidArgument("Missing ModelSpec"))
    }

    @Test func `model_spec becomes a selector`() throws {
        var request = Tensorflow_Serving_GetModelMetadataRequest()
        request.modelSpec.name = "m"
        #expect(try request.modelSelector() == ModelSelector(name: "m"))
        request.modelSpec.version.value = 0
        #expect(try request.modelSelector().version == .specific(0))
        request.modelSpec.versionLabel = "stable"
        #expect(try request.modelSelector().version == .label("stable"))
    }

    @Test(arguments: ServableState.allCases)
    func `states keep their numbers`(_ state: ServableState) {
        let message = Tensorflow_Serving_ModelVersionStatus(VersionStatus(version: 4, state: state))
        #expect(message.state.rawValue == Int(state.rawValue))
        #expect(message.version == 4)
        #expect(message.hasStatus)
        #expect(message.status.errorCode == .ok)
        #expect(message.status.errorMessage.isEmpty)
    }

    @Test(arguments: CanonicalCode.allCases) func `codes keep their numbers`(_ code: CanonicalCode) {
        let message = Tensorflow_Serving_StatusProto(ServingError(code, "why"))
        #expect(message.errorCode.rawValue == Int(code.rawValue))
        #expect(message.errorMessage == "why")
    }

    @Test func `versions stay in their order`() {
        let versions = [3, 1].map { VersionStatus(version: $0, state: .available) }
        #expect(Tensorflow_Serving_GetModelStatusResponse(versions).modelVersionStatus.map(\.version) == [3, 1])
    }

    @Test func `a signature without definition is made from its values`() throws {
        let signature = Signature(
            name: "serving_default",
            methodName: "tensorflow/serving/predict",
            inputs: [
                .init(
                    name: "x",
                    elementType: .float32,
                    shape: [-1, 3],
                    tensorName: "x:0",
                    defaultValue: try Tensor(.float32, .scalar, scalars: [1.5 as Float])
                )
            ],
            outputs: [.init(name: "y", elementType: nil, shape: nil, tensorName: "y:0")]
        )
        let message = try Tensorflow_SignatureDef(signature)
        #expect(message.methodName == "tensorflow/serving/predict")
        #expect(message.inputs["x"]?.name == "x:0")
        #expect(message.inputs["x"]?.dtype == .dtFloat)
        #expect(message.inputs["x"]?.tensorShape.dim.map(\.size) == [-1, 3])
        #expect(message.defaults["x"]?.floatVal == [1.5])
        #expect(message.outputs["y"]?.dtype == .dtInvalid)
        #expect(message.outputs["y"]?.tensorShape.unknownRank == true)
    }

    /// A definition with a field that our messages do not declare: `type_spec` of a composite tensor.
    private let definition = WireBytes().message(1) {
        $0.string(1, "x").message(2) { $0.message(5) { $0.bytes(1, [0x08, 0x07]) } }
    }.bytes

    @Test func `definitions reach the client as the model states them`() throws {
        let signatures = ["b", "a"].map {
            Signature(name: $0, methodName: "", inputs: [], outputs: [], definition: definition)
        }
        let map = WireBytes().message(1) { $0.string(1, "a").bytes(2, definition) }
            .message(1) { $0.string(1, "b").bytes(2, definition) }
        #expect(try SignatureDefMapEncoder.encode(signatures) == map.bytes)
    }

    @Test func `metadata carries the signatures in an Any`() throws {
        let id = ServableID(name: "m", version: 5)
        let signature = Signature(name: "s", methodName: "p", inputs: [], outputs: [])
        let response = try Tensorflow_Serving_GetModelMetadataResponse(
            ModelMetadata(servable: id, signatures: [signature])
        )
        #expect(response.modelSpec.name == "m")
        #expect(response.modelSpec.version.value == 5)
        #expect(response.modelSpec.signatureName.isEmpty)
        let any = try #require(response.metadata["signature_def"])
        #expect(any.typeURL == "type.googleapis.com/tensorflow.serving.SignatureDefMap")
        #expect(try Tensorflow_Serving_SignatureDefMap(unpackingAny: any).signatureDef["s"]?.methodName == "p")
    }

    @Test func `a definition that is none is an internal error`() throws {
        let signature = Signature(name: "s", methodName: "", inputs: [], outputs: [], definition: [0xff])
        let error = try #require(throws: ServingError.self) { try Tensorflow_SignatureDef(signature) }
        #expect(error.code == .internal)
    }

    @Test func `a message that is no tensor is refused`() throws {
        let error = try #require(throws: ServingError.self) { try Tensor(Tensorflow_TensorProto()) }
        #expect(error.code == .invalidArgument)
        #expect(error.message == "tensor parsing error: dtype 0 is not a type that a request can carry")
    }
}
