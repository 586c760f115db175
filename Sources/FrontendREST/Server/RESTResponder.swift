import AccessControl
import Inference
import Logging
import NIOCore
import Servables
import ServerConsole
import ServingConfig
import ServingPrimitives
import Telemetry

/// Answers requests: what the paths of the REST API do. Called on event loops.
final class RESTResponder: Sendable {
    let service: InferenceService
    let health: ServingHealth
    /// What changes of the served models go to; `nil` for a server whose models stay as they are.
    let models: (any ModelControl)?
    /// How the server stands to its deployment; `nil` for one that is no part of any.
    private let deployment: (@Sendable () -> DeploymentReport)?
    let configuration: RESTConfiguration
    let logger: Logger
    private let metricsPath: MetricsPath
    /// `nil` where none is served.
    let console: ServerConsole?
    /// `nil` where graphs ask this server's models only.
    let routes: (any RemoteRoutesReporting)?
    /// Memory of decompressed bodies.
    let bodyMemory: MemoryBudget

    init(
        service: InferenceService,
        health: ServingHealth,
        models: (any ModelControl)? = nil,
        deployment: (@Sendable () -> DeploymentReport)? = nil,
        configuration: RESTConfiguration,
        console: ServerConsole? = nil,
        routes: (any RemoteRoutesReporting)? = nil,
        logger: Logger = Logger(label: "apus.rest") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.models = models
        self.deployment = deployment
        self.console = console
        self.routes = routes
        self.logger = logger
        self.service = service
        self.health = health
        self.configuration = configuration
        self.metricsPath = MetricsPath(stock: configuration.metricsPath)
        self.bodyMemory = configuration.memoryBudget ?? MemoryBudget(limit: configuration.maximumDecompressedByteCount)
    }

    /// Whether a target is under `/v1/`, which is TensorFlow Serving's.
    static func isV1(_ target: [UInt8]) -> Bool {
        target.count >= 4 && target[0] == UInt8(ascii: "/") && target[1] | 0x20 == UInt8(ascii: "v")
            && target[2] == UInt8(ascii: "1") && target[3] == UInt8(ascii: "/")
    }

    /// Why a request is refused for who sends it and where; `nil` when it is not.
    func refusal(of head: HTTP1RequestHead, on loop: RESTLoop, peer: () -> String) -> HTTP1Failure? {
        guard let asked = right(for: head, on: loop) else { return nil }
        let access = configuration.access
        do throws(ServingError) {
            let caller = try access.admit(asked.verb, model: asked.model, key: head.key, peer: peer())
            if asked.scope == .allModels { try access.checkReachesAllModels(caller, asked.verb, peer: peer()) }
            return nil
        } catch {
            return HTTP1Failure(status: HTTPStatus(error.code), message: error.message)
        }
    }

    private func right(for head: HTTP1RequestHead, on loop: RESTLoop) -> RequestedRight? {
        if metricsPath.match(head.target) != nil { return RequestedRight(.metrics, .allModels) }
        if console != nil, let path = ConsolePath(head.target) { return opensLocked(path, head) ? nil : path.right }
        return loop.route(head.method, head.target).right
    }

    /// Which models the sender may hear of.
    func visibility(_ head: HTTP1RequestHead, _ verb: AccessVerb) -> ModelVisibility {
        // It was admitted before; if the rules have changed since, it sees nothing.
        let caller = Result { () throws(ServingError) in
            try configuration.access.admit(verb, key: head.key, peer: "")
        }
        switch caller {
        case .success(let caller): return ModelVisibility(of: caller)
        case .failure: return .none
        }
    }

    /// Whether the console shows itself without its models: a browser that opens a page can present no key,
    /// but the page's script can, when it has been given one.
    func opensLocked(_ path: ConsolePath, _ head: HTTP1RequestHead) -> Bool {
        guard head.key == nil, configuration.access.asksOperatorsForKeys else { return false }
        switch path {
        case .page, .file: return true
        case .states, .about, .samples, .scheduler, .unusable: return false
        }
    }

    func answer(_ head: HTTP1RequestHead, _ body: RequestBody, for call: RESTCall) {
        if let match = metricsPath.match(head.target) {
            call.handler.describe(call.number) { $0.api = .observation }
            return sendMetrics(match, for: call)
        }
        if let console, head.method == .get || head.method == .head, let path = ConsolePath(head.target) {
            call.handler.describe(call.number) { $0.api = .observation }
            guard !opensLocked(path, head) else { return sendLocked(path, of: console, for: call) }
            return send(path, of: console, visibility(head, .debug), for: call)
        }
        let route = call.loop.route(head.method, head.target)
        let isV1 = Self.isV1(head.target)
        call.handler.describe(call.number) { route.describe(&$0, isCounted: isV1) }
        guard head.isGzip, route.readsBody else { return answer(route, head, body, for: call) }
        withDecompressed(body.bytes, call) { self.answer(route, head, $0, for: call) }
    }

    private func answer(_ route: RESTRoute, _ head: HTTP1RequestHead, _ body: RequestBody, for call: RESTCall) {
        switch route {
        case .predict(let name, let version): predict(name, version, head, body, for: call)
        case .classify(let name, let version): classify(name, version, head, body, for: call)
        case .regress(let name, let version): regress(name, version, head, body, for: call)
        case .status(let name, let version):
            reply(call) { () throws(ServingError) in
                StatusAnswer.json(try self.service.status(of: name, version: version))
            }
        case .metadata(let name, let version):
            let selector = ModelSelector(name: name, version: version)
            whenLoaded(selector, head, for: call, isForRun: false) { loaded in
                self.reply(call) { () throws(ServingError) in
                    let model = if let loaded { loaded.model } else { try self.service.resolve(selector) }
                    return try MetadataAnswer.json(self.service.metadata(of: model))
                }
            }
        case .scheduler(let name, let version):
            reply(call) { () throws(ServingError) in
                SchedulerAnswer.json(try self.service.schedule(ModelSelector(name: name, version: version)))
            }
        case .cache:
            reply(call) { () throws(ServingError) in
                guard let report = self.service.cacheReport() else { throw Self.noBudget }
                return CacheAnswer.json(report, self.visibility(head, .debug).shows)
            }
        case .routes:
            guard let routes else { return call.fail(Self.noRoutes) }
            let visibility = visibility(head, .debug)
            sendLater(.json, call) { RoutesAnswer.json(routes.report(), visibility.shows) }
        case .cluster:
            reply(call) { () throws(ServingError) in
                guard let deployment = self.deployment else { throw Self.noDeployment }
                return DeploymentAnswer.json(deployment(), self.visibility(head, .debug).shows)
            }
        case .control(let control): self.control(control, head, body, for: call)
        case .recordedRequests(let query): sendRecordedRequests(query, visibility(head, .debug), for: call)
        case .options: options(head, call)
        case .live: send(ReadinessAnswer.live, call)
        case .ready: sendReadiness(call)
        case .modelReady(let name, let version): sendReadiness(of: name, version: version, call)
        case .missingModelName: call.fail(.invalidArgument("Missing model name in request."))
        case .unusableVersion(let text):
            call.fail(.invalidArgument("Failed to convert version: \(text) to numeric."))
        case .malformed:
            let target = String(decoding: head.target, as: UTF8.self)
            call.fail(.invalidArgument("Malformed request: \(head.method.name) \(target)"))
        case .unknown: unknown(head, call)
        }
    }
}

// MARK: Runs

extension RESTResponder {
    /// Starts a run of a model, whose completion answers the request. It is answered at its deadline, if that is
    /// earlier: a run may be waiting for a thread then.
    ///
    /// - Parameter terms: of a request that has waited already.
    func run(
        _ call: RESTCall,
        _ head: HTTP1RequestHead,
        _ terms: CallTerms? = nil,
        _ start: (CallTerms) -> QueuedRun?
    ) {
        do throws(ServingError) {
            let terms = if let terms { terms } else { try self.terms(of: call, head) }
            guard let queued = start(terms) else { return }
            call.handler.begin(RESTRun(queued, call: call, deadline: terms.deadline), for: call.number)
        } catch {
            call.fail(error)
        }
    }

    /// What the header fields say of when the answer is wanted, within the limit of the configuration.
    func terms(of call: RESTCall, _ head: HTTP1RequestHead) throws(ServingError) -> CallTerms {
        var terms = CallTerms(deadline: call.loop.deadline(afterMilliseconds: configuration.timeoutMilliseconds))
        guard let asked = head.terms else { return terms }
        if let timeout = asked.timeout {
            terms.deadline = min(terms.deadline, call.loop.deadline(afterNanoseconds: try CallTerms.timeout(timeout)))
        }
        if let priority = asked.priority { terms.priority = try CallTerms.priority(priority) }
        if let tenant = asked.tenant { terms.tenant = service.tenants.number(of: try CallTerms.tenant(tenant)) }
        return terms
    }
}

// MARK: Other answers

extension RESTResponder {
    func send(
        _ body: [UInt8],
        status: HTTPStatus = .ok,
        code: CanonicalCode = .ok,
        content: HTTPResponse.Content = .json,
        _ call: RESTCall
    ) {
        call.finish {
            var response = HTTPResponse(status: status, content: content, allocator: call.loop.allocator)
            response.code = code
            response.buffer.writeBytes(body)
            return response
        }
    }

    func reply(_ call: RESTCall, _ body: () throws(ServingError) -> [UInt8]) {
        do throws(ServingError) {
            send(try body(), call)
        } catch {
            call.fail(error)
        }
    }

    private static let noBudget = ServingError.failedPrecondition(
        "This server has no memory budget for models; --total_model_memory_limit_bytes sets one"
    )

    private static let noRoutes = ServingError.failedPrecondition(
        "This server has no routes to models of other servers; --remote-routes names a file with some"
    )

    private static let noDeployment = ServingError.failedPrecondition(
        "This server is no part of a deployment; apus agent starts one that is"
    )

    private func options(_ head: HTTP1RequestHead, _ call: RESTCall) {
        guard head.hasWebOrigin else {
            return send([], status: .badRequest, code: .failedPrecondition, content: .none, call)
        }
        send([], content: .none, call)
    }

    private func unknown(_ head: HTTP1RequestHead, _ call: RESTCall) {
        let status: HTTPStatus =
            switch head.method {
            case .other: .notImplemented
            case .get, .head, .post, .put, .delete, .patch, .options: .notFound
            }
        send(ErrorAnswer.html(status), status: status, content: .html, call)
    }

    private func sendReadiness(_ call: RESTCall) {
        guard !health.isReady else { return send(ReadinessAnswer.ready, call) }
        let reasons = health.unavailableModels.map {
            ReadinessAnswer.Reason(model: $0.name, text: ReadinessAnswer.reason($0.versions))
        }
        send(
            ReadinessAnswer.notReady(isDraining: health.isDraining, waitingFor: health.awaited, reasons),
            status: .serviceUnavailable,
            call
        )
    }

    private func sendReadiness(of name: String, version: Int64?, _ call: RESTCall) {
        guard health.status(of: name) != nil else {
            return call.fail(.notFound("Could not find any versions of model \(name)"))
        }
        do throws(ServingError) {
            let versions = version == nil ? health.versions(of: name) : try service.status(of: name, version: version)
            if !health.isDraining, versions.contains(where: \.answersWell) {
                return send(ReadinessAnswer.ready, call)
            }
            let reason = ReadinessAnswer.Reason(model: name, text: ReadinessAnswer.reason(versions))
            let reasons = health.isDraining ? [] : [reason]
            send(
                ReadinessAnswer.notReady(isDraining: health.isDraining, reasons),
                status: .serviceUnavailable,
                call
            )
        } catch {
            call.fail(error)
        }
    }
}
