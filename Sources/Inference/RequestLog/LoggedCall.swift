/// A call that was answered, with its answer: what a request log keeps.
public enum LoggedCall: Sendable {
    case predict(PredictCall, PredictResult)
    case classify(ExampleCall, ClassifyResult)
    case regress(ExampleCall, RegressResult)
    case multiInference(MultiInferenceCall, MultiInferenceResult)
}
