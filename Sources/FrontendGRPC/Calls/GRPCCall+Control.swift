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
        services.logger.info(Self.changeIsLogged, metadata: facts("reload"))
        wait { () async throws(ServingError) in
            let (requested, metrics) = try HandleReloadConfigRequest.read(message)
            return try HandleReloadConfigRequest.answer(try await models.reload(requested, metrics: metrics))
        }
    }

    /// RepositoryIndex.
    func startIndex(_ message: ByteBuffer) {
        wait { [services, visibility = ModelVisibility(of: caller)] () async throws(ServingError) in
            try await InferenceRepository.index(message, services, visibility.shows)
        }
    }

    /// RepositoryModelLoad.
    func startLoad(_ message: ByteBuffer) {
        change { () throws(ServingError) in try InferenceRepository.readLoad(message) }
    }

    /// RepositoryModelUnload.
    func startUnload(_ message: ByteBuffer) {
        change { () throws(ServingError) in try InferenceRepository.readUnload(message) }
    }

    private static let changeIsLogged: Logger.Message = "A call changes what is served"

    /// Who asks for a change, and for which, for the log.
    private func facts(_ action: String, _ model: String? = nil) -> Logger.Metadata {
        var facts: Logger.Metadata = ["action": "\(action)", "peer": "\(connection.peer)"]
        if let model { facts["model"] = "\(model)" }
        if let caller { facts["caller"] = "\(caller.name)" }
        return facts
    }

    private func change(_ read: () throws(ServingError) -> InferenceRepository.Change) {
        do throws(ServingError) {
            guard let models = services.models else { throw InferenceRepository.noControl }
            let change = try read()
            try authorize(change.name)
            let facts = facts(change.action.rawValue, change.name)
            guard services.allowsControl else {
                services.logger.warning(
                    "A call that would change what is served was refused: control is off",
                    metadata: facts
                )
                throw ServingError(.permissionDenied, GRPCServices.controlIsOff)
            }
            if !change.isDryRun { services.logger.info(Self.changeIsLogged, metadata: facts) }
            // The answers are messages without fields: of a dry run only the error tells.
            wait { () async throws(ServingError) in
                _ = try await models.carryOut(change.action, change.name, change.settings, isDryRun: change.isDryRun)
                return []
            }
        } catch {
            fail(error)
        }
    }
}
