/// A call that is made only to warm a version up. The model and the version it names do not matter, its signature does.
public enum WarmUpCall: Sendable {
    case predict(PredictCall)
    case classify(ExampleCall)
    case regress(ExampleCall)
    case multiInference(MultiInferenceCall)
}
