import Inference
import NIOCore
import Servables
import ServingPrimitives
import ServingProtos
import WireFormat

/// `tensorflow.serving.ModelService/GetModelStatus`.
enum GetModelStatus {
    /// - Parameter check: throws for a model that the caller has no right to.
    /// - Throws: `INVALID_ARGUMENT` without a model spec, `NOT_FOUND` for an unknown model or version.
    static func answer(
        _ message: ByteBuffer,
        _ services: GRPCServices,
        allows check: (_ model: String) throws(ServingError) -> Void
    ) throws(ServingError) -> [UInt8] {
        let selector = try Tensorflow_Serving_GetModelStatusRequest(reading: message).modelSelector()
        try check(selector.name)
        // A label is ignored, as TensorFlow Serving does: all versions are listed.
        let version: Int64? =
            switch selector.version {
            case .specific(let version): version
            case .label, .latest: nil
            }
        let versions = try services.inference.status(of: selector.name, version: version)
        return try Tensorflow_Serving_GetModelStatusResponse(versions).encoded()
    }
}
