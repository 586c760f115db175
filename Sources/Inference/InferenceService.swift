public import EngineInterface
public import Servables
public import ServingMetrics
public import ServingPrimitives
public import Telemetry
import Tensors

/// What frontends call: request policy over the loaded models. Knows no wire.
public final class InferenceService: Sendable {
    public static let defaultSignatureName = "serving_default"

    let manager: ServableManager
    let checksMethodNames: Bool
    /// Numbers of the tenants that calls name.
    public let tenants = TenantNames()
    /// Where frontends count requests.
    public let metrics: ServerMetrics
    /// Where frontends note requests.
    public let telemetry: RequestTelemetry

    /// - Parameters:
    ///   - checksMethodNames: whether a signature must be of the kind that is called, by its method name
    ///     (`--enable_signature_method_name_check`).
    ///   - telemetry: by default only what TensorFlow Serving counts is noted.
    public init(
        manager: ServableManager,
        checksMethodNames: Bool = false,
        metrics: ServerMetrics = ServerMetrics(),
        telemetry: RequestTelemetry? = nil
    ) {
        self.manager = manager
        self.checksMethodNames = checksMethodNames
        self.metrics = metrics
        self.telemetry = telemetry ?? RequestTelemetry(.off, metrics: metrics)
    }

    public typealias PredictCompletion = @Sendable (Result<PredictResult, ServingError>) -> Void

    /// Finds and pins the version a request names.
    ///
    /// - Throws: `INVALID_ARGUMENT` for an empty name or unknown label, `NOT_FOUND` for what is not available.
    public func resolve(_ selector: ModelSelector) throws(ServingError) -> ResolvedModel {
        guard !selector.name.isEmpty else { throw .invalidArgument("ModelSpec has no name specified.") }
        return try Self.resolved(try manager.lease(selector.name, selector.version))
    }

    /// Runs a Predict call.
    ///
    /// `completion` is called exactly once: before this returns when the call is refused or, without `intake`, may be
    /// run at once on this thread; else later, from `intake.flush` or on an engine thread. A call that is cancelled, or
    /// whose deadline has passed, before its run starts is not run.
    ///
    /// - Parameters:
    ///   - model: for a frontend that has resolved the model already because it needed the signature to read the request.
    ///   - intake: where the calls of an event loop are gathered; `nil` queues the call at once.
    /// - Returns: what to cancel when nobody waits any more; `nil` when the call was refused.
    @discardableResult
    public func predict(
        _ call: PredictCall,
        on model: ResolvedModel? = nil,
        intake: RunIntake? = nil,
        completion: @escaping PredictCompletion
    ) -> QueuedRun? {
        do throws(ServingError) {
            let model = try self.model(model, orThatOf: call.model)
            let run = try bind(call, to: model)
            let completion = model.drawForLog()?.following(completion) { .predict(call, $0) } ?? completion
            return self.run(run, call.terms, intake) { completion($0.map { run.predictResult($0) }) }
        } catch {
            completion(.failure(error))
            return nil
        }
    }

    /// Runs a Predict call on this thread, past the queues: for a call that another run waits for, which may hold the very
    /// thread that the queue would run it on.
    ///
    /// - Throws: as `predict` completes; `DEADLINE_EXCEEDED` when it is too late to begin.
    public func predictHere(_ call: PredictCall, on model: ResolvedModel) throws(ServingError) -> PredictResult {
        let run = try bind(call, to: model)
        guard !call.terms.deadline.hasPassed(at: .now()) else {
            throw .deadlineExceeded("Timed out waiting for notification")
        }
        try model.servable.breaker?.admit()
        let result = run.predictResult(try run.execute().tensors)
        model.drawForLog()?.log(.predict(call, result))
        return result
    }

    private func bind(_ call: PredictCall, to model: ResolvedModel) throws(ServingError) -> ModelRun {
        let name = call.model.signatureName.isEmpty ? Self.defaultSignatureName : call.model.signatureName
        guard let executor = model.servable.executors[name] else {
            throw .failedPrecondition("Serving signature key \"\(name)\" not found.")
        }
        if checksMethodNames { try MethodName.checkPredict(executor.signature) }
        let (request, elements) = try executor.bind(
            call.inputs,
            outputFilter: call.outputFilter,
            deadline: call.terms.deadline
        )
        return ModelRun(executor: executor, model: model, api: .predict, request: request, elements: elements)
    }

    /// Queues what is bound: every kind of inference call comes through here. Completion, intake and result are those
    /// of `predict`.
    func run(
        _ run: ModelRun,
        _ terms: CallTerms,
        _ intake: RunIntake?,
        completion: @escaping QueuedRun.Completion
    ) -> QueuedRun? {
        if run.model.isWarmingUp, !run.model.servable.queues.followParameters {
            completion(Result { () throws(ServingError) in try run.warmUp() })
            return nil
        }
        do throws(ServingError) {
            try run.model.servable.breaker?.admit()
            let queued = try run.model.servable.queues.enqueueable(run, terms, completion: completion)
            if let intake { intake.add(queued) } else { queued.binding.queue.submit([queued], mayRunHere: false) }
            return queued
        } catch {
            completion(.failure(error))
            return nil
        }
    }

    /// The signatures of a version and which version it is.
    public func metadata(_ selector: ModelSelector) throws(ServingError) -> ModelMetadata {
        metadata(of: try resolve(selector))
    }

    /// The signatures of a version and which version it is.
    public func metadata(of model: ResolvedModel) -> ModelMetadata {
        ModelMetadata(servable: model.lease.id, signatures: model.servable.model.signatures)
    }

    /// Whether a name is a second one of a model, and not its own.
    public func isSecondName(_ name: String) -> Bool { manager.name(meantBy: name) != name }

    /// Every version of a model that was ever seen, newest first; with `version`, that one.
    ///
    /// - Throws: `NOT_FOUND` for an unknown model or version.
    public func status(of name: String, version: Int64? = nil) throws(ServingError) -> [VersionStatus] {
        let all = manager.status(of: manager.name(meantBy: name))
        guard !all.isEmpty else { throw .notFound("Could not find any versions of model \(name)") }
        guard let version else { return all }
        guard let one = all.first(where: { $0.version == version }) else {
            throw .notFound("Could not find version \(version) of model \(name)")
        }
        return [one]
    }

    /// Whether there is, or was, a model of that name, whatever its state.
    public func knows(_ name: String) -> Bool { manager.knows(manager.name(meantBy: name)) }
}

/// A version pinned for one request.
public struct ResolvedModel: Sendable {
    public let lease: ServableLease
    let servable: ModelServable
    /// Whether no request can reach it yet.
    let isWarmingUp: Bool

    init(lease: ServableLease, servable: ModelServable, isWarmingUp: Bool = false) {
        self.lease = lease
        self.servable = servable
        self.isWarmingUp = isWarmingUp
    }

    /// A version that no request can reach yet, to warm it up on the thread that loads it.
    public init(warmingUp servable: ModelServable, as id: ServableID) {
        // It is the loader who ends the version if it does not become available.
        self.init(lease: ServableLease(id: id, servable: servable) {}, servable: servable, isWarmingUp: true)
    }

    /// What a call is to be given to after it was answered, if it is to be logged.
    func drawForLog() -> (any RequestLogSink)? { isWarmingUp ? nil : servable.requestLog.draw() }

    /// The signature of that name; an empty name means `serving_default`.
    public func signature(named name: String) -> Signature? {
        servable.executors[name.isEmpty ? InferenceService.defaultSignatureName : name]?.signature
    }
}

/// What GetModelMetadata answers with.
public struct ModelMetadata: Sendable {
    public var servable: ServableID
    public var signatures: [Signature]

    public init(servable: ServableID, signatures: [Signature]) {
        self.servable = servable
        self.signatures = signatures
    }
}
