import NIOCore
import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import WireFormat

/// `tensorflow.serving.ModelService/HandleReloadConfigRequest`.
enum HandleReloadConfigRequest {
    /// The models that are asked for, and the metrics whose increase is.
    ///
    /// - Throws: `INVALID_ARGUMENT` for anything else than a list of models.
    static func read(_ message: ByteBuffer) throws(ServingError) -> (RequestedModels, metrics: [String]) {
        let request = try Tensorflow_Serving_ReloadConfigRequest(reading: message)
        let requested = RequestedModels(request.config)
        guard case .list = requested else {
            throw .invalidArgument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently "
                    + "supported"
            )
        }
        return (requested, request.metricNames)
    }

    static func answer(_ increases: [(name: String, increase: Int64)]) throws(ServingError) -> [UInt8] {
        var response = Tensorflow_Serving_ReloadConfigResponse()
        // OK; always there, as clients read its code.
        response.status = Tensorflow_Serving_StatusProto(nil)
        response.metric = increases.map { metric in
            .with {
                $0.name = metric.name
                $0.int64ValueIncrease = metric.increase
            }
        }
        return try response.encoded()
    }
}
