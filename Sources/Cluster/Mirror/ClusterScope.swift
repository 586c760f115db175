/// Which nodes of a store a container has to know.
public enum ClusterScope: Sendable, Hashable {
    /// Version 3: a layout, the models in it, and who serves them.
    case layout(ClusterPaths, layout: String)
    /// Version 3 with the models of a folder: who serves the sub-graphs of a model.
    case model(ClusterPaths, String)
    /// Version 1: who serves a model, in one data centre where there are several.
    case service(namespace: String, baseName: String, location: ServicePath.Location?)

    /// More nodes than that are not looked at.
    public static let maximumCount = 100_000

    /// What has to be read, as far as it can be told from what has been; all of it once nothing is missing.
    public func readings(_ nodes: MirroredNodes) -> [NodeReading] {
        let readings =
            switch self {
            case .layout(let paths, let layout): Self.layoutReadings(nodes, paths, layout)
            case .model(let paths, let model):
                [.children(paths.containers)] + Self.bindingReadings(nodes, paths, [model])
            case .service: serviceReadings(nodes)
            }
        return Array(readings.prefix(Self.maximumCount))
    }

    // MARK: Version 3

    private static func layoutReadings(
        _ nodes: MirroredNodes,
        _ paths: ClusterPaths,
        _ layout: String
    ) -> [NodeReading] {
        let names = (nodes.names(below: layout) ?? []).sorted().compactMap { SavedModelName($0) }
        var readings: [NodeReading] = [.children(layout), .children(paths.containers)]
        readings += names.map { .contents(paths.savedModel($0)) }
        return readings + bindingReadings(nodes, paths, Set(names.map(\.model)).sorted())
    }

    private static func bindingReadings(
        _ nodes: MirroredNodes,
        _ paths: ClusterPaths,
        _ models: [String]
    ) -> [NodeReading] {
        var readings: [NodeReading] = []
        var containers: Set<Container> = []
        for model in models {
            readings.append(.children(paths.bindings(of: model)))
            for name in nodes.names(below: paths.bindings(of: model)) ?? [] {
                if let binding = Binding(name) { containers.insert(binding.container) }
            }
        }
        // Also of those that have no node yet: the reading's watch tells when they get one.
        return readings + containers.map { paths.container($0) }.sorted().map { .contents($0) }
    }

    // MARK: Version 1

    /// What is right above the tasks.
    private var serviceRoot: String {
        guard case .service(let namespace, let baseName, let location) = self else { return "" }
        return "/\(namespace)/service/\(baseName)\(location.map { "/\($0)" } ?? "")"
    }

    private func serviceReadings(_ nodes: MirroredNodes) -> [NodeReading] {
        let root = serviceRoot
        var readings: [NodeReading] = [.children(root)]
        for task in (nodes.names(below: root) ?? []).sorted() where ServicePath("\(root)/\(task)") != nil {
            readings.append(.children("\(root)/\(task)"))
            for replica in (nodes.names(below: "\(root)/\(task)") ?? []).sorted()
            where ServicePath("\(root)/\(task)/\(replica)")?.replicaID != nil {
                readings.append(.contents("\(root)/\(task)/\(replica)"))
            }
        }
        return readings
    }
}
