import ServingConfig
public import ServingPrimitives

extension AgentConfiguration {
    /// What a container of version 3 serves of a layout: what its filters take, as `MODEL:SUB_GRAPH`.
    ///
    /// - Parameters:
    ///   - layout: in any order.
    ///   - previous: what was served before: of a sub-graph whose nodes cannot be used now, that stays.
    /// - Throws: `INVALID_ARGUMENT`: filters that are wrong, with file and line.
    public func models(
        layout: [PublishedModel],
        _ context: ShardContext,
        previous: ServedModels = ServedModels(),
        matchesBeginnings: Bool = false
    ) throws(ServingError) -> ServedModels {
        let filters = try LayoutFilters(layoutFilters, context, matchesBeginnings: matchesBeginnings)
        let selected = try filters.select(layout.sorted { "\($0.name)" < "\($1.name)" }) { $0.name.subGraph }
        let before = Dictionary(previous.models.map { ($0.name, $0) }) { first, _ in first }
        var served = ServedModels()
        for published in selected {
            let name = published.name.description
            do throws(LayoutFault) {
                served.models.append(try Self.model(published))
            } catch {
                let old = before[name]
                if let old { served.models.append(old) }
                served.warnings.append("\(name) \(error.reason)" + (old == nil ? "" : "; it stays as it was"))
            }
        }
        served.addAliases(of: selected.map(\.name))
        return served
    }

    /// What is wrong with a sub-graph of a layout.
    private struct LayoutFault: Error {
        var reason: String
    }

    private static func model(_ published: PublishedModel) throws(LayoutFault) -> ServerConfiguration.Model {
        guard let meta = published.meta else {
            throw LayoutFault(reason: "is in the layout, and no node says where it is")
        }
        guard let basePath = meta.basePath, !basePath.isEmpty else {
            throw LayoutFault(reason: "is in the layout without a model_base_path")
        }
        guard let policy = ServerConfiguration.VersionPolicy(name: meta.versionPolicy ?? "latest") else {
            let names = ServerConfiguration.VersionPolicy.names
            throw LayoutFault(reason: "has the version_policy \"\(meta.versionPolicy ?? "")\"; expected \(names)")
        }
        var model = ServerConfiguration.Model(name: published.name.description, basePath: basePath)
        model.versionPolicy = policy
        return model
    }

    /// What a container serves of an export: of version 3 what its filters take, of version 1 what its deployment says.
    ///
    /// - Parameter folder: that at `base_path`.
    /// - Throws: `INVALID_ARGUMENT`: filters or a version policy that are wrong, with file and line; `FAILED_PRECONDITION` when
    ///   nothing names the model.
    public func models(
        folder: ExportFolder,
        _ context: ShardContext,
        matchesBeginnings: Bool = false
    ) throws(ServingError) -> ServedModels {
        guard let basePath else {
            throw .invalidArgument("base_path is not given; expected the folder with the export")
        }
        guard version == 3 else { return try deployment(basePath, folder.modelName, context) }
        let filters = try LayoutFilters(layoutFilters, context, matchesBeginnings: matchesBeginnings)
        let subGraphs = try filters.select(folder.subGraphs.sorted()) { $0 }
        guard let model = folder.modelName ?? baseName else {
            throw .failedPrecondition(
                "\(basePath): the entry's graph names no model, as it asks no shards or is not there; expected base_name"
            )
        }
        var served = ServedModels()
        if let baseName, baseName != model {
            served.warnings.append("base_name is \(baseName), and the entry's graph asks for \(model), which is taken")
        }
        var names: [SavedModelName] = []
        for subGraph in subGraphs {
            guard let name = SavedModelName(model: model, subGraph: subGraph) else {
                throw .failedPrecondition("\(basePath): the model's name \"\(model)\" cannot be that of a servable")
            }
            names.append(name)
            served.add(name.description, Self.path(basePath, subGraph), try policy(of: subGraph))
        }
        served.addAliases(of: names)
        return served
    }

    // MARK: Version policies

    /// What the configuration says; else the newest of an entry, and of tables what was the newest once, as they are kept
    /// fresh by pushes.
    private func policy(of subGraph: String) throws(ServingError) -> ServerConfiguration.VersionPolicy {
        if let policy = try configuredPolicy() { return policy }
        return subGraph == "entry" ? .latest(1) : .latestOnce(1)
    }

    /// `nil` where none is given.
    private func configuredPolicy() throws(ServingError) -> ServerConfiguration.VersionPolicy? {
        guard let versionPolicy else { return nil }
        guard let policy = ServerConfiguration.VersionPolicy(name: versionPolicy.text, data: versionData) else {
            throw .invalidArgument(
                "\(versionPolicy.place): version_policy is \"\(versionPolicy.text)\"; expected "
                    + ServerConfiguration.VersionPolicy.names
            )
        }
        return policy
    }

    // MARK: Version 1

    private func deployment(
        _ basePath: String,
        _ model: String?,
        _ context: ShardContext
    ) throws(ServingError) -> ServedModels {
        let policy = try configuredPolicy() ?? .latest(max(Int(clamping: versionData), 1))
        var served = ServedModels()
        for part in parts {
            let subGraphs = part == .ps ? shards(context).map { "ps_\($0)" } : [part == .dense ? "dense_0" : "entry"]
            let partPolicy = part == .ps ? shardPolicy(policy) : policy
            for subGraph in subGraphs { served.add(subGraph, Self.path(basePath, subGraph), partPolicy) }
            for (name, path) in roughSortModels(part, basePath, context) { served.add(name, path, partPolicy) }
        }
        for name in served.models.map(\.name) {
            guard let model, let alias = SavedModelName(model: model, subGraph: name) else { continue }
            served.aliases[alias.description] = name
        }
        return served
    }

    /// In the order in which they are served: entries ask the others.
    private var parts: [DeployType] {
        switch effectiveDeployType {
        case .mixed: servesDenseAlone ? [.ps, .dense, .entry] : [.ps, .entry]
        case let part: [part]
        }
    }

    private func shards(_ context: ShardContext) -> [Int] {
        (0..<Int(clamping: psCount)).filter { $0 % context.shardCount == context.shardID }
    }

    /// Shards whose folder is looked at once only keep the version that was found.
    private func shardPolicy(_ policy: ServerConfiguration.VersionPolicy) -> ServerConfiguration.VersionPolicy {
        guard case .latest(let count) = policy, shardPollSeconds <= 0 else { return policy }
        return .latestOnce(count)
    }

    private func roughSortModels(
        _ part: DeployType,
        _ basePath: String,
        _ context: ShardContext
    ) -> [(name: String, path: String)] {
        guard roughSort.loadedServer.rawValue == part.rawValue else { return [] }
        let names = (part == .ps ? shards(context) : [0]).map { "\(part.rawValue)_item_embedding_\($0)" }
        if part == .entry, roughSort.isResourceConstrained { return names.map { ($0, Self.path(basePath, $0)) } }
        guard let model = roughSort.modelName, let folder = roughSort.localPath else { return [] }
        return names.map { ($0, Self.path(Self.path(folder, model), $0)) }
    }

    private static func path(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? "\(folder)\(name)" : "\(folder)/\(name)"
    }
}

extension ServedModels {
    fileprivate mutating func add(
        _ name: String,
        _ basePath: String,
        _ policy: ServerConfiguration.VersionPolicy
    ) {
        var model = ServerConfiguration.Model(name: name, basePath: basePath)
        model.versionPolicy = policy
        models.append(model)
    }

    /// The sub-graph's name alone, where one model only has it.
    fileprivate mutating func addAliases(of names: [SavedModelName]) {
        let served = Set(models.map(\.name))
        for (subGraph, names) in Dictionary(grouping: names, by: \.subGraph) {
            let names = names.filter { served.contains($0.description) }
            guard names.count == 1, !served.contains(subGraph) else { continue }
            aliases[subGraph] = names[0].description
        }
    }
}
