import ServingMetrics
import ServingPrimitives

/// What is needed to count a call when it is answered. Only Predict, Classify and Regress are counted, from the moment
/// when their message is complete, as TensorFlow Serving does.
struct CallMeasurement {
    let api: InferenceAPI
    let start: MonotonicTime
    /// `nil` until the request is read; a message that cannot be read is not counted.
    var model: String?
}
