import ServingMetrics
import Telemetry

extension RESTRoute {
    /// Notes what a request of this route asks for.
    ///
    /// - Parameter isCounted: whether it is under `/v1/`, all of which TensorFlow Serving counts. Where the path is of no
    ///   known form no model is named. Who looks at a server is no load of it, and is not counted.
    func describe(_ record: inout RequestRecord, isCounted: Bool) {
        let (api, model, inference) = measured
        record.api = api
        record.model = model
        record.counted = isCounted && api != .observation ? .rest(inference) : nil
    }

    private var measured: (RequestAPI, model: String, InferenceAPI?) {
        switch self {
        case .predict(let model, _): (.predict, model, .predict)
        case .classify(let model, _): (.classify, model, .classify)
        case .regress(let model, _): (.regress, model, .regress)
        case .status(let model, _): (.modelStatus, model, nil)
        case .metadata(let model, _): (.modelMetadata, model, nil)
        case .scheduler(let model, _): (.control, model, nil)
        case .modelReady(let model, _): (.health, model, nil)
        case .live, .ready: (.health, "", nil)
        case .control(.load(let model)), .control(.unload(let model)), .control(.residency(_, let model)):
            (.control, model, nil)
        case .control: (.control, "", nil)
        case .cache, .routes, .cluster, .recordedRequests: (.observation, "", nil)
        case .options, .missingModelName, .unusableVersion, .malformed, .unknown: (.unknown, "", nil)
        }
    }
}
