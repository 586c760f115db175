import Inference
import NIOCore
import ServingPrimitives
import ServingProtos

/// `grpc.health.v1.Health`, told from the true state of the models.
enum HealthCheck {
    /// Names that stand for the server as a whole: gRPC's own, the full service names, and the short ones that
    /// TensorFlow Serving registers.
    private static let overallNames: Set<String> = [
        "", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService", "PredictionService",
        "ModelService",
    ]

    /// Check: the state of one service, which is one of the names above or a model's.
    ///
    /// - Throws: `NOT_FOUND` for an unknown service.
    static func answer(_ message: ByteBuffer, _ health: ServingHealth) throws(ServingError) -> [UInt8] {
        let service = try service(message)
        guard let status = status(of: service, health) else {
            throw .notFound("unknown service or model: \(service)")
        }
        return try response(status == .serving ? .serving : .notServing)
    }

    /// The service a Check or Watch request names.
    static func service(_ message: ByteBuffer) throws(ServingError) -> String {
        try Grpc_Health_V1_HealthCheckRequest(reading: message).service
    }

    /// `nil` for an unknown service.
    static func status(of service: String, _ health: ServingHealth) -> ServingHealth.Status? {
        overallNames.contains(service) ? health.overall : health.status(of: service)
    }

    static func response(
        _ status: Grpc_Health_V1_HealthCheckResponse.ServingStatus
    ) throws(ServingError) -> [UInt8] {
        var response = Grpc_Health_V1_HealthCheckResponse()
        response.status = status
        return try response.encoded()
    }
}
