public import ServingPrimitives

/// Changes which models are served while the server runs: what a frontend hands such a request to.
public protocol ModelControl: Sendable {
    /// Replaces the set of served models, and waits until each model that is new has a version which answers requests
    /// or has failed. What was asked for is carried out also when the waiting task is cancelled.
    ///
    /// - Parameters:
    ///   - requested: must be a list.
    ///   - metrics: names of counters whose increase the caller wants to know.
    /// - Returns: by how much the first cell of each of `metrics` grew; 0 for one that does not exist.
    /// - Throws: what is wrong with the request, and nothing has changed then, except that one whose labels are refused
    ///   counts as the current one; `UNKNOWN` when a new model has failed; `CANCELLED` when the task was cancelled.
    func reload(
        _ requested: RequestedModels,
        metrics: [String]
    ) async throws(ServingError) -> [(name: String, increase: Int64)]
}
