public import ServingPrimitives

/// Sub-graphs of an export, for everybody to serve: nodes of version 3.
public struct Publication: Sendable, Hashable {
    public let models: [PublishedModel]

    public init(_ models: [PublishedModel]) { self.models = models }

    /// All sub-graphs of an export, as Monolith's tool declares them: of an entry the newest version is served, of tables what
    /// was the newest once.
    ///
    /// - Parameters:
    ///   - folder: that at `basePath`.
    ///   - model: `nil` takes the name that the entry's graph asks for.
    ///   - versionPolicy: for all of them, where it is not to be as above.
    /// - Throws: `FAILED_PRECONDITION` when nothing names the model, or there is no sub-graph.
    public init(
        _ folder: ExportFolder,
        basePath: String,
        model: String? = nil,
        versionPolicy: String? = nil
    ) throws(ServingError) {
        guard let model = model ?? folder.modelName else {
            throw .failedPrecondition(
                "\(basePath): the entry's graph names no model, as it asks no shards or is not there; expected a name"
            )
        }
        guard !folder.subGraphs.isEmpty else {
            throw .failedPrecondition("\(basePath) has no folder of a sub-graph, like entry or ps_0")
        }
        var models: [PublishedModel] = []
        for subGraph in folder.subGraphs {
            guard let name = SavedModelName(model: model, subGraph: subGraph) else {
                throw .invalidArgument("\"\(model):\(subGraph)\" cannot be the name of a servable")
            }
            let policy = versionPolicy ?? (subGraph == "entry" ? "latest" : "latest_once")
            let path = basePath.hasSuffix("/") ? "\(basePath)\(subGraph)" : "\(basePath)/\(subGraph)"
            models.append(PublishedModel(name, SavedModelMeta(basePath: path, versionPolicy: policy)))
        }
        self.models = models
    }

    /// Says where the models are, and then puts them in the layout. Blocks.
    ///
    /// - Parameter layout: its path.
    public func publish(_ store: any ClusterStore, _ paths: ClusterPaths, layout: String) throws(ServingError) {
        for model in models {
            guard let meta = model.meta else { continue }
            try store.put(paths.savedModel(model.name), meta.node)
        }
        for model in models {
            _ = try store.createWithParents(paths.layoutEntry(model.name, in: layout), [], .persistent)
        }
    }

    /// Takes models out of a layout. Blocks.
    ///
    /// - Parameters:
    ///   - chosen: `MODEL` for all of its sub-graphs, or `MODEL:SUB_GRAPH`.
    ///   - forgetting: also where they are, which other layouts may need.
    /// - Returns: what was in the layout, and is not any more.
    /// - Throws: `NOT_FOUND` when there is no such layout, or nothing chosen is in it.
    public static func unpublish(
        _ chosen: [String],
        _ store: any ClusterStore,
        _ paths: ClusterPaths,
        layout: String,
        forgetting: Bool = false
    ) throws(ServingError) -> [SavedModelName] {
        guard let entries = try store.children(of: layout) else { throw .notFound("there is no layout \(layout)") }
        let names = entries.sorted().compactMap { SavedModelName($0) }
        for text in chosen where !names.contains(where: { $0.model == text || $0.description == text }) {
            throw .notFound("\(text) is not in \(layout)")
        }
        let taken = names.filter { chosen.contains($0.model) || chosen.contains($0.description) }
        for name in taken { _ = try store.delete(paths.layoutEntry(name, in: layout)) }
        for name in taken where forgetting { _ = try store.delete(paths.savedModel(name)) }
        return taken
    }
}
