public import ServingPrimitives

extension InferenceService {
    /// Makes a call of a version that is not available yet, through the code that requests take, and waits for its end:
    /// the run happens on the calling thread, or in a batch where the version's calls are batched. Its time counts as
    /// that of any other run.
    ///
    /// - Throws: what a client would be answered with.
    public func warmUp(_ model: ResolvedModel, with call: WarmUpCall) throws(ServingError) {
        let end = BlockingResult<Void, ServingError>()
        switch call {
        case .predict(let call): predict(call, on: model) { end.set($0.map { _ in }) }
        case .classify(let call): classify(call, on: model) { end.set($0.map { _ in }) }
        case .regress(let call): regress(call, on: model) { end.set($0.map { _ in }) }
        case .multiInference(let call): multiInference(call, on: model) { end.set($0.map { _ in }) }
        }
        try end.wait().get()
    }
}
