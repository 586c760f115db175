import Inference
import NIOCore
import Servables
import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import WireFormat

/// `inference.GRPCInferenceService`: of the Open Inference Protocol what says how the server stands, and Triton's model
/// repository extension.
enum InferenceRepository {
    static func live() throws(ServingError) -> [UInt8] {
        try Inference_ServerLiveResponse.with { $0.live = true }.encoded()
    }

    static func ready(_ health: ServingHealth) throws(ServingError) -> [UInt8] {
        try Inference_ServerReadyResponse.with { $0.ready = health.isReady }.encoded()
    }

    /// - Throws: `NOT_FOUND` for a model nobody configured, `INVALID_ARGUMENT` for a version that is no number.
    static func modelReady(_ message: ByteBuffer, _ services: GRPCServices) throws(ServingError) -> [UInt8] {
        let request = try Inference_ModelReadyRequest(reading: message)
        let version = try Self.version(request.version)
        guard services.health.status(of: request.name) != nil else {
            throw .notFound("Could not find any versions of model \(request.name)")
        }
        let versions = services.health.versions(of: request.name)
        let isReady = versions.contains { $0.answersWell && (version ?? $0.version) == $0.version }
        return try Inference_ModelReadyResponse.with { $0.ready = isReady && !services.health.isDraining }.encoded()
    }

    static func metadata(_ services: GRPCServices) throws(ServingError) -> [UInt8] {
        try Inference_ServerMetadataResponse.with {
            $0.name = "apus"
            $0.version = services.serverVersion
            $0.extensions = services.models == nil ? [] : ["model_repository"]
        }.encoded()
    }

    /// - Parameter isShown: whether the caller may see a model.
    static func index(
        _ message: ByteBuffer,
        _ services: GRPCServices,
        _ isShown: (String) -> Bool
    ) async throws(ServingError) -> [UInt8] {
        let request = try Inference_RepositoryIndexRequest(reading: message)
        try checkRepository(request.repositoryName)
        guard let models = services.models else { throw noControl }
        let entries = ModelIndex.entries(of: (await models.knownModels()).filter(isShown), readyOnly: request.ready) {
            services.health.versions(of: $0)
        }
        var response = Inference_RepositoryIndexResponse()
        response.models = entries.map { entry in
            .with {
                $0.name = entry.name
                $0.version = entry.version
                $0.state = entry.state
                $0.reason = entry.reason
            }
        }
        return try response.encoded()
    }

    /// What a call asks to be done with a model.
    struct Change: Sendable {
        var action: ModelAction
        var name: String
        var settings = ModelSettings()
        var isDryRun: Bool
    }

    /// What a load asks for.
    static func readLoad(_ message: ByteBuffer) throws(ServingError) -> Change {
        let request = try Inference_RepositoryModelLoadRequest(reading: message)
        try checkRepository(request.repositoryName)
        try checkName(request.modelName)
        let parameters = RepositoryParameters(request.parameters.mapValues { RepositoryParameters.Value($0) })
        return Change(
            action: try parameters.actionOfLoad(),
            name: request.modelName,
            settings: try parameters.settings(for: request.modelName),
            isDryRun: try parameters.isDryRun()
        )
    }

    /// Which model is to be unloaded.
    static func readUnload(_ message: ByteBuffer) throws(ServingError) -> Change {
        let request = try Inference_RepositoryModelUnloadRequest(reading: message)
        try checkRepository(request.repositoryName)
        try checkName(request.modelName)
        let parameters = RepositoryParameters(request.parameters.mapValues { RepositoryParameters.Value($0) })
        try parameters.checkForUnload()
        return Change(action: .unload, name: request.modelName, isDryRun: try parameters.isDryRun())
    }

    static let noControl = ServingError(.unimplemented, "The models of this server cannot be changed by a call")

    private static func checkName(_ name: String) throws(ServingError) {
        if name.isEmpty { throw .invalidArgument("The request names no model") }
    }

    private static func checkRepository(_ name: String) throws(ServingError) {
        if !name.isEmpty { throw .notFound("There is no model repository \(name); leave the name empty") }
    }

    private static func version(_ text: String) throws(ServingError) -> Int64? {
        if text.isEmpty { return nil }
        guard let number = Int64(text) else {
            throw .invalidArgument("The version \"\(text)\" is not a number")
        }
        return number
    }
}

extension RepositoryParameters.Value {
    fileprivate init(_ parameter: Inference_ModelRepositoryParameter) {
        self =
            switch parameter.parameterChoice {
            case .boolParam(let value): .bool(value)
            case .int64Param(let value): .int(value)
            case .stringParam(let value): .string(value)
            case .bytesParam, nil: .bytes
            }
    }
}
