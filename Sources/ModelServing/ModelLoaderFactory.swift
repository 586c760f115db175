import EngineInterface
import Inference
import Logging
import Servables
import ServingMetrics
import ServingPrimitives

/// Loads versions with one engine and hands them to the manager as models that requests can run.
struct ModelLoaderFactory: ServableLoaderFactory {
    let engine: any InferenceEngine
    let engineProcesses: EngineProcesses
    let sessionTargets: SessionTargets
    let tags: [String]
    let scheduling: ModelScheduling
    /// `nil` where versions are not warmed up.
    let warmUp: ModelWarmUp?
    let metrics: ServerMetrics
    let requestLogs: RequestLogTaps
    let loadMemory: LoadMemory
    /// `nil` where files may stay in the system's page cache.
    let fileCacheFlush: FileCacheFlush?
    let tracer: RunTracer
    /// `nil` where models are never left alone.
    var breakers: ModelBreakers?
    /// `nil` where models are left where their graphs say.
    var placement: (any ModelPlacement)?
    /// Answers what graphs ask of other models; `nil` where they can ask nobody.
    var remotePredictor: (any RemotePredicting)?
    let logger: Logger

    func loader(for version: AspiredVersion) -> any ServableLoader { loader(for: version, on: []) }

    func loader(for version: AspiredVersion, on devices: [String]) -> any ServableLoader {
        ModelLoader(
            engine: engineProcesses.engine(for: version.id) ?? sessionTargets.engine(for: version.id) ?? engine,
            id: version.id,
            defect: version.defect,
            request: request(for: version, copies: max(devices.count, 1)),
            scheduling: scheduling,
            warmUp: warmUp,
            metrics: metrics,
            requestLogs: requestLogs,
            loadMemory: loadMemory,
            fileCacheFlush: fileCacheFlush,
            tracer: tracer,
            breakers: breakers,
            placement: placement,
            devices: devices,
            logger: logger
        )
    }
}

extension ModelLoaderFactory {
    private func request(for version: AspiredVersion, copies: Int) -> LoadRequest {
        var request = LoadRequest(path: version.path, tags: tags, remotePredictor: remotePredictor)
        request.measuresFirstRun = loadMemory.counts(version.id, copies: copies)
        return request
    }
}

private struct ModelLoader: ServableLoader {
    let engine: any InferenceEngine
    let id: ServableID
    let defect: ServingError?
    let request: LoadRequest
    let scheduling: ModelScheduling
    let warmUp: ModelWarmUp?
    let metrics: ServerMetrics
    let requestLogs: RequestLogTaps
    let loadMemory: LoadMemory
    let fileCacheFlush: FileCacheFlush?
    let tracer: RunTracer
    let breakers: ModelBreakers?
    let placement: (any ModelPlacement)?
    let devices: [String]
    let logger: Logger

    /// Each failed try is logged: the status shows the reason only when the last one has failed, minutes later.
    func load() throws(ServingError) -> any Servable {
        do throws(ServingError) {
            if let defect { throw defect }
            guard let fileCacheFlush else { return try loadTimed() }
            return try fileCacheFlush.afterLoading(request.path) { () throws(ServingError) in try loadTimed() }
        } catch {
            logger.warning(
                "A try to load a version failed",
                metadata: ["path": "\(request.path)", "error": "\(error)"]
            )
            throw error
        }
    }

    /// What has no place is not tried again and again: it comes back when it has one.
    func isFinal(_ error: ServingError) -> Bool { placement?.hasRefused(id) ?? false }

    private func loadTimed() throws(ServingError) -> ModelServable {
        let begin = MonotonicTime.now()
        let servable = try loadMeasured()
        let time = MonotonicTime.now().nanoseconds(since: begin)
        // Of one whose copy was there before nothing was measured.
        if !(servable.sharedCopy?.wasThere ?? false) {
            placement?.loaded(AspiredVersion(id: id, path: request.path), loadNanoseconds: time)
        }
        return servable
    }

    private func loadMeasured() throws(ServingError) -> ModelServable {
        try loadMemory.measuring(id, copies: max(devices.count, 1), elsewhere: \.model.externalBytes) {
            () throws(ServingError) in try loadAndWarm()
        }
    }

    private func loadAndWarm() throws(ServingError) -> ModelServable {
        // First, as wrong parameters are found without waiting for the model.
        let queues = try scheduling.queues(for: id, in: request.path)
        let model = try LoadMetrics(metrics: metrics).counting(request.path) { () throws(ServingError) in
            if let placement { return try placement.load(id, request, with: engine, on: devices) }
            return try engine.load(request)
        }
        let servable = ModelServable(
            model: model,
            queues: queues,
            metrics: metrics.model(id.name),
            requestLog: requestLogs.tap(of: id.name),
            name: "\(id.name)/\(id.version)",
            tracer: tracer,
            breaker: breakers?.breaker(for: id)
        )
        try warm(servable)
        return servable
    }

    /// A version that does not warm up is ended again.
    private func warm(_ servable: ModelServable) throws(ServingError) {
        do throws(ServingError) {
            try warmUp?.run(servable, as: id, in: request.path)
        } catch {
            servable.model.close()
            throw error
        }
    }

    func unload(_ servable: any Servable) { (servable as? ModelServable)?.model.close() }
}
