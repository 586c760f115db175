import AccessControl
import Inference
import Logging
import NIOCore
import ServingConfig
import ServingPrimitives
import WireFormat

/// Which models are served, and calls that change it.
extension RESTResponder {
    static let controlIsOff = "Control by requests is off on this port; --enable_control turns it on"

    private static let crossOrigin =
        "A page from another origin may not change what is served: Origin and Host of the request differ"

    func control(_ route: RESTRoute.Control, _ head: HTTP1RequestHead, _ body: RequestBody, for call: RESTCall) {
        if head.isCrossOrigin, route.changesModels {
            logger.warning(
                "A request that would change what is served was refused: it comes from a page of another origin",
                metadata: sender(head, call)
            )
            return call.fail(ServingError(.permissionDenied, Self.crossOrigin))
        }
        switch route {
        case .metadata:
            let extensions = models == nil ? [] : ["model_repository"]
            send(ControlAnswer.metadata(version: configuration.serverVersion, extensions: extensions), call)
        case .status:
            let visibility = visibility(head, .status)
            wait(call) { models async throws(ServingError) in .json(await self.configStatus(models, visibility)) }
        case .reload:
            change("reload", nil, head, call) { models async throws(ServingError) in
                let hasChanged = try await models.reloadFile()
                return Reply(status: hasChanged ? .created : .ok, body: await self.configStatus(models, .all))
            }
        case .index:
            let visibility = visibility(head, .status)
            read(body, call) { request in self.index(readyOnly: request.readyOnly, visibility, call) }
        case .load(let name):
            change(name, head, body, call) { parameters throws(ServingError) in
                (try parameters.actionOfLoad(), try parameters.settings(for: name))
            }
        case .unload(let name):
            change(name, head, body, call) { parameters throws(ServingError) in
                try parameters.checkForUnload()
                return (.unload, ModelSettings())
            }
        case .plan: arrange(isPlan: true, head, body, call)
        case .apply: arrange(isPlan: false, head, body, call)
        case .residency(let action, let name):
            change(name, head, body, call) { parameters throws(ServingError) in
                try parameters.checkForAction()
                return (action, ModelSettings())
            }
        }
    }

    /// Puts models on devices anew, or says how. To hear of all models takes the same right as to move them.
    private func arrange(isPlan: Bool, _ head: HTTP1RequestHead, _ body: RequestBody, _ call: RESTCall) {
        read(body, call) { request in
            do throws(ServingError) {
                let parameters = try request.parameters.placement(isPlan: isPlan)
                self.change(parameters.request.isDryRun ? "plan" : "apply", nil, head, call) {
                    models async throws(ServingError) in
                    let answer = try await models.arrange(parameters.request)
                    let text = parameters.wantsTable ? answer.text : answer.json
                    return Reply(body: Array("\(text)\n".utf8), content: parameters.wantsTable ? .plainText : .json)
                }
            } catch {
                call.fail(error)
            }
        }
    }

    /// An action on one model, of which `read` takes what the parameters say.
    private func change(
        _ name: String,
        _ head: HTTP1RequestHead,
        _ body: RequestBody,
        _ call: RESTCall,
        _ read: @escaping @Sendable (RepositoryParameters) throws(ServingError) -> (ModelAction, ModelSettings)
    ) {
        self.read(body, call) { request in
            do throws(ServingError) {
                let (action, settings) = try read(request.parameters)
                let isDryRun = try request.parameters.isDryRun()
                let verb = isDryRun ? "plan to \(action.rawValue)" : action.rawValue
                self.change(verb, name, head, call) { models async throws(ServingError) in
                    guard let plan = try await models.carryOut(action, name, settings, isDryRun: isDryRun) else {
                        return .nothing
                    }
                    return .json(ControlAnswer.plan(action, name, plan))
                }
            } catch {
                call.fail(error)
            }
        }
    }

    private struct Reply {
        static let nothing = Reply(body: [], content: .none)

        var status = HTTPStatus.ok
        var body: [UInt8]
        var content = HTTPResponse.Content.json

        static func json(_ body: [UInt8]) -> Reply { Reply(body: body) }
    }

    private typealias Work = @Sendable (any ModelControl) async throws(ServingError) -> Reply

    private func read(
        _ body: RequestBody,
        _ call: RESTCall,
        then proceed: @escaping @Sendable (RepositoryRequest) -> Void
    ) {
        switch body.read({ bytes throws(ServingError) in try RepositoryRequest(bytes) }) {
        case .success(let request): proceed(request)
        case .failure(let error): call.fail(error)
        }
    }

    private func index(readyOnly: Bool, _ visibility: ModelVisibility, _ call: RESTCall) {
        wait(call) { models async throws(ServingError) in
            let names = (await models.knownModels()).filter(visibility.shows)
            return .json(
                ControlAnswer.index(
                    ModelIndex.entries(of: names, readyOnly: readyOnly) { self.health.versions(of: $0) }
                )
            )
        }
    }

    private func configStatus(_ models: any ModelControl, _ visibility: ModelVisibility) async -> [UInt8] {
        let names = (await models.knownModels()).filter(visibility.shows)
        let known = names.map { (name: $0, versions: health.versions(of: $0)) }
        return ControlAnswer.config(known.filter { !$0.versions.isEmpty || health.status(of: $0.name) != nil })
    }

    /// Carries out what changes the served models, where that is allowed.
    private func change(
        _ action: String,
        _ model: String?,
        _ head: HTTP1RequestHead,
        _ call: RESTCall,
        _ work: @escaping Work
    ) {
        var facts = sender(head, call)
        facts["action"] = "\(action)"
        if let model { facts["model"] = "\(model)" }
        guard configuration.allowsControl else {
            logger.warning("A request that would change what is served was refused: control is off", metadata: facts)
            return call.fail(ServingError(.permissionDenied, Self.controlIsOff))
        }
        logger.info("A request changes what is served", metadata: facts)
        wait(call, work)
    }

    /// Who asks for a change, for the log: the address, and the name of the key, if any.
    private func sender(_ head: HTTP1RequestHead, _ call: RESTCall) -> Logger.Metadata {
        var facts: Logger.Metadata = ["peer": "\(call.handler.peer)"]
        if let caller = configuration.access.callerName(presenting: head.key) { facts["caller"] = "\(caller)" }
        return facts
    }

    /// Answers with what `work` comes to. It is cancelled when the client leaves, or after the time that a run would have;
    /// what it changes goes on then.
    private func wait(_ call: RESTCall, _ work: @escaping Work) {
        guard let models else {
            return call.fail(ServingError(.unimplemented, "The models of this server cannot be changed by a request"))
        }
        let task = Task {
            do throws(ServingError) {
                let reply = try await work(models)
                send(reply.body, status: reply.status, content: reply.content, call)
            } catch {
                call.fail(error)
            }
        }
        let limit = configuration.timeoutMilliseconds.map { (milliseconds: UInt64) in
            call.loop.eventLoop.scheduleTask(in: .milliseconds(Int64(clamping: milliseconds))) {
                call.handler.finish(call.number, call.loop.response(to: Self.tooLate))
                call.handler.flush()
                task.cancel()
            }
        }
        call.handler.begin(RESTWork(cancel: { task.cancel() }, limit: limit), for: call.number)
    }

    private static let tooLate = ServingError.deadlineExceeded(
        "The models did not become available in time; what was asked for goes on"
    )
}
