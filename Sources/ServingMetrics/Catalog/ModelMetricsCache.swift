public import ServingPrimitives

/// What one event loop keeps so that recording a request takes no lock: the metrics of the models it answered for.
public struct ModelMetricsCache: ~Copyable {
    public let metrics: ServerMetrics
    private var last: ModelMetrics?
    private var byName: [String: ModelMetrics] = [:]

    public init(_ metrics: ServerMetrics) { self.metrics = metrics }

    /// A request was answered.
    ///
    /// - Parameter model: the name as the request has it, which may be empty or made up.
    public mutating func finished(model: String, _ kind: RequestKind, _ code: CanonicalCode, nanoseconds: UInt64) {
        if let last, last.model == model { return last.finished(kind, code, nanoseconds: nanoseconds) }
        guard let found = find(model) else {
            return metrics.finished(unknownModel: model, kind, code, nanoseconds: nanoseconds)
        }
        last = found
        found.finished(kind, code, nanoseconds: nanoseconds)
    }

    private mutating func find(_ model: String) -> ModelMetrics? {
        if let found = byName[model] { return found }
        guard let found = metrics.knownModel(model) else { return nil }
        byName[model] = found
        return found
    }
}
