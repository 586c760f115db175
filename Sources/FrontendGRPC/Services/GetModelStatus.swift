import Inference
import NIOCore
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf

/// `tensorflow.serving.ModelService/GetModelStatus`.
enum GetModelStatus {
    /// - Throws: `INVALID_ARGUMENT` without a model spec, `NOT_FOUND` for an unknown model or version.
    static func answer(_ message: ByteBuffer, _ services: GRPCServices) throws(ServingError) -> [UInt8] {
        let request = try Tensorflow_Serving_GetModelStatusRequest(reading: message)
        guard request.hasModelSpec else { throw .invalidArgument("Missing ModelSpec") }
        // A label is ignored, as TensorFlow Serving does: all versions are listed.
        let version: Int64? =
            switch request.modelSpec.versionChoice {
            case .version(let version): version.value
            case .versionLabel, nil: nil
            }
        var response = Tensorflow_Serving_GetModelStatusResponse()
        response.modelVersionStatus = try services.inference.status(of: request.modelSpec.name, version: version)
            .map(wireStatus)
        return try response.encoded()
    }

    private static func wireStatus(_ status: VersionStatus) -> Tensorflow_Serving_ModelVersionStatus {
        var result = Tensorflow_Serving_ModelVersionStatus()
        result.version = status.version
        result.state = .init(rawValue: Int(status.state.rawValue)) ?? .unknown
        // Present also without an error: clients read `status.error_code`.
        result.status = .init()
        if let error = status.error {
            result.status.errorCode = .init(rawValue: Int(error.code.rawValue)) ?? .unknown
            result.status.errorMessage = error.message
        }
        return result
    }
}
