import ServingMetrics
import ServingPrimitives

/// What is needed to count a call when it is answered.
struct RESTMeasurement {
    /// As the path names it; empty where it names none.
    let model: String
    let api: InferenceAPI?
    let start: MonotonicTime
}
