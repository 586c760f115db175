import ServingMetrics
import ServingPrimitives

/// Counts loads as TensorFlow does for SavedModels.
struct LoadMetrics: Sendable {
    let metrics: ServerMetrics

    /// Makes one try to load the version in `path`.
    func counting<Model>(_ path: String, _ load: () throws(ServingError) -> Model) throws(ServingError) -> Model {
        let start = MonotonicTime.now()
        do throws(ServingError) {
            let model = try load()
            let nanoseconds = MonotonicTime.now().nanoseconds(since: start)
            metrics.loadAttemptCount.cell([path, "success"]).increment()
            metrics.loadLatency.cell([path]).increment(by: Int64(clamping: nanoseconds / 1000))
            metrics.sessionCreated.cell([]).set(1)
            return model
        } catch {
            metrics.loadAttemptCount.cell([path, "fail"]).increment()
            throw error
        }
    }
}
