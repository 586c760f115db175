import Inference
import NIOCore
import ServingPrimitives
import ServingProtos
import WireFormat

/// `tensorflow.serving.PredictionService/GetModelMetadata`.
enum GetModelMetadata {
    /// - Parameter check: throws for a model that the caller has no right to.
    /// - Throws: `INVALID_ARGUMENT` for a request without model or fields or with an unknown field, `NOT_FOUND` for a
    ///   model that is not available.
    static func answer(
        _ message: ByteBuffer,
        _ services: GRPCServices,
        allows check: (_ model: String) throws(ServingError) -> Void
    ) throws(ServingError) -> [UInt8] {
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
        let metadata = try services.inference.metadata(selector)
        return try Tensorflow_Serving_GetModelMetadataResponse(metadata).encoded()
    }
}
