/// What is served and asked by: the last that was known, however the store is.
///
/// A store that is away changes nothing. One that comes back with another state is believed about what there is now, but
/// what it has forgotten is kept: an address that may answer is better than none, and a table that is served is not given up
/// because nobody knows of it.
public struct KnownCluster: Sendable, Hashable {
    public struct Route: Sendable, Hashable {
        public var addresses: [ReplicaAddress]
        /// Whether the store has none of them any more.
        public var isStale = false

        public init(_ addresses: [ReplicaAddress], isStale: Bool = false) {
            self.addresses = addresses
            self.isStale = isStale
        }
    }

    /// What the layout has; `nil` while none was ever seen.
    public private(set) var layout: [PublishedModel]?
    /// Whether the layout that was last seen is there no more.
    public private(set) var isLayoutStale = false
    /// By servable.
    public private(set) var routes: [String: Route] = [:]
    public private(set) var warnings: [String] = []

    public init() {}

    /// Takes what the store says, as a whole.
    public mutating func update(_ view: ClusterView, _ scope: ClusterScope) {
        isLayoutStale = view.layout == nil && layout != nil
        layout = view.layout.map { merged($0) } ?? layout
        warnings = view.warnings
        var routes = view.replicas.mapValues { Route($0) }
        for (servable, route) in self.routes where routes[servable] == nil && isWanted(servable, scope) {
            routes[servable] = Route(route.addresses, isStale: true)
        }
        self.routes = routes
    }

    /// The same with another layout and other routes.
    func with(layout: [PublishedModel], routes: [String: Route]) -> KnownCluster {
        var known = self
        known.layout = layout
        known.routes = routes
        return known
    }

    /// A model whose node cannot be read, or is gone, is where it last was.
    private func merged(_ models: [PublishedModel]) -> [PublishedModel] {
        let known = Dictionary((layout ?? []).map { ($0.name, $0.meta) }) { first, _ in first }
        return models.map { PublishedModel($0.name, $0.meta ?? known[$0.name] ?? nil) }
    }

    /// Whether a route without replicas is kept: with a layout, as long as the servable is in it.
    private func isWanted(_ servable: String, _ scope: ClusterScope) -> Bool {
        guard case .layout = scope, let layout else { return true }
        return layout.contains { $0.name.description == servable }
    }
}
