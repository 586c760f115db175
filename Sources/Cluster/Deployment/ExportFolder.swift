public import ServingPrimitives

/// What training has exported to a folder: a folder for each sub-graph, and in it one for each version.
public struct ExportFolder: Sendable, Hashable {
    /// In the order of their names.
    public var subGraphs: [String]
    /// What the entry's newest version calls the model; `nil` when there is none, or it asks no shards.
    public var modelName: String?

    public init(subGraphs: [String], modelName: String? = nil) {
        self.subGraphs = subGraphs
        self.modelName = modelName
    }

    /// - Parameter path: on this machine; blocks until it is read.
    /// - Throws: `NOT_FOUND` when it cannot be opened; what keeps the entry's graph from being read.
    public init(at path: String) throws(ServingError) {
        guard let names = LocalFolder.names(in: path) else {
            throw .notFound("base_path is \(path), which cannot be opened; expected a folder of exported sub-graphs")
        }
        subGraphs = names.filter { SavedModelName(model: "m", subGraph: $0) != nil && !$0.hasPrefix(".") }
            .filter { LocalFolder.names(in: "\(path)/\($0)") != nil }.sorted()
        modelName = try Self.modelName(of: "\(path)/entry")
    }

    /// Of a SavedModel's graph; variables lie beside it.
    private static let maximumGraphLength = 1 << 30

    private static func modelName(of entry: String) throws(ServingError) -> String? {
        // Beside versions lie the exporter's state, and what it has not finished.
        let versions = (LocalFolder.names(in: entry) ?? []).compactMap { name in
            Int64(name).flatMap { $0 >= 0 ? (number: $0, name: name) : nil }
        }
        guard let newest = versions.max(by: { $0.number < $1.number }) else { return nil }
        let path = "\(entry)/\(newest.name)/saved_model.pb"
        do throws(ServingError) {
            return EntryGraph.modelName(savedModel: try LocalFile.contents(of: path, limit: maximumGraphLength))
        } catch {
            guard error.code != .notFound else { return nil }
            throw error
        }
    }
}
