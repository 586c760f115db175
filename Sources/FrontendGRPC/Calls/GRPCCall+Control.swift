import AccessControl
import Logging
import NIOCore
import ServingConfig
import ServingPrimitives

/// Calls that change what is served, and those that have to ask the one who does.
extension GRPCCall {
    /// HandleReloadConfigRequest.
    func startReload(_ message: ByteBuffer) {
        guard let models = services.models else { return fail(InferenceRepository.noControl) }
        do throws(ServingError) {
            try services.access.checkReachesAllModels(caller, .control, peer: connection.peer)
        } catch {
            return fail(error)
        }
        wait { () async throws(ServingError) in
            let (requested, metrics) = try HandleReloadConfigRequest.read(message)
            return try HandleReloadConfigRequest.answer(try await models.reload(requested, metrics: metrics))
        }
    }

    /// RepositoryIndex.
    func startIndex(_ message: ByteBuffer) {
        wait { [services, caller] () async throws(ServingError) in
            try await InferenceRepository.index(message, services) { caller?.grant.reaches($0) ?? true }
        }
    }

    /// RepositoryModelLoad.
    func startLoad(_ message: ByteBuffer) {
        change { () throws(ServingError) in
            let (name, settings) = try InferenceRepository.readLoad(message)
            return ("load", name, { (models) async throws(ServingError) in try await models.load(name, settings) })
        }
    }

    /// RepositoryModelUnload.
    func startUnload(_ message: ByteBuffer) {
        change { () throws(ServingError) in
            let name = try InferenceRepository.readUnload(message)
            return ("unload", name, { (models) async throws(ServingError) in try await models.unload(name) })
        }
    }

    private typealias Change = @Sendable (any ModelControl) async throws(ServingError) -> Void

    private func change(_ read: () throws(ServingError) -> (action: String, model: String, Change)) {
        do throws(ServingError) {
            guard let models = services.models else { throw InferenceRepository.noControl }
            let (action, model, change) = try read()
            try authorize(model)
            guard services.allowsControl else {
                services.logger.warning(
                    "A call that would change what is served was refused: control is off",
                    metadata: ["action": "\(action)", "model": "\(model)", "peer": "\(connection.peer)"]
                )
                throw ServingError(.permissionDenied, GRPCServices.controlIsOff)
            }
            services.logger.info(
                "A call changes what is served",
                metadata: ["action": "\(action)", "model": "\(model)", "peer": "\(connection.peer)"]
            )
            // Both answers are messages without fields.
            wait { () async throws(ServingError) in
                try await change(models)
                return []
            }
        } catch {
            fail(error)
        }
    }
}
