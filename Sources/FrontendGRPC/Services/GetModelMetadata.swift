import Inference
import NIOCore
import ServingPrimitives
import ServingProtos
import WireFormat

/// `tensorflow.serving.PredictionService/GetModelMetadata`.
enum GetModelMetadata {
    /// The model that a request asks for.
    ///
    /// - Parameter check: throws for a model that the caller has no right to.
    /// - Throws: `INVALID_ARGUMENT` for a request without model or fields or with an unknown field.
    static func model(
        _ message: ByteBuffer,
        allows check: (_ model: String) throws(ServingError) -> Void
    ) throws(ServingError) -> ModelSelector {
        let request = try Tensorflow_Serving_GetModelMetadataRequest(reading: message)
        let selector = try request.modelSelector()
        try check(selector.name)
        guard !request.metadataField.isEmpty else {
            throw .invalidArgument("GetModelMetadataRequest must specify at least one metadata_field")
        }
        let known = Tensorflow_Serving_GetModelMetadataResponse.signatureDefField
        if let unknown = request.metadataField.first(where: { $0 != known }) {
            throw .invalidArgument("Metadata field \(unknown) is not supported")
        }
        return selector
    }

    static func answer(_ metadata: ModelMetadata) throws(ServingError) -> [UInt8] {
        try Tensorflow_Serving_GetModelMetadataResponse(metadata).encoded()
    }
}
