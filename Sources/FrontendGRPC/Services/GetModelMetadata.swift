import EngineInterface
import FoundationEssentials
import Inference
import NIOCore
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf

/// `tensorflow.serving.PredictionService/GetModelMetadata`.
enum GetModelMetadata {
    private static let signatureField = "signature_def"

    /// - Throws: `INVALID_ARGUMENT` for a request without model or fields or with an unknown field, `NOT_FOUND` for a
    ///   model that is not available.
    static func answer(_ message: ByteBuffer, _ services: GRPCServices) throws(ServingError) -> [UInt8] {
        let request = try Tensorflow_Serving_GetModelMetadataRequest(reading: message)
        guard request.hasModelSpec else { throw .invalidArgument("Missing ModelSpec") }
        guard !request.metadataField.isEmpty else {
            throw .invalidArgument("GetModelMetadataRequest must specify at least one metadata_field")
        }
        if let unknown = request.metadataField.first(where: { $0 != signatureField }) {
            throw .invalidArgument("Metadata field \(unknown) is not supported")
        }
        let metadata = try services.inference.metadata(selector(request.modelSpec))
        var response = Tensorflow_Serving_GetModelMetadataResponse()
        response.modelSpec.name = metadata.servable.name
        response.modelSpec.version = .init(metadata.servable.version)
        var signatures = Google_Protobuf_Any()
        signatures.typeURL = SignatureDefMapEncoder.typeURL
        signatures.value = Data(SignatureDefMapEncoder.encode(metadata.signatures))
        response.metadata[signatureField] = signatures
        return try response.encoded()
    }

    private static func selector(_ spec: Tensorflow_Serving_ModelSpec) -> ModelSelector {
        let version: VersionChoice =
            switch spec.versionChoice {
            case .version(let version): .specific(version.value)
            case .versionLabel(let label): .label(label)
            case nil: .latest
            }
        return ModelSelector(name: spec.name, version: version, signatureName: spec.signatureName)
    }
}
