public import ServingPrimitives

extension ClusterView {
    /// Reads what is in the scope once. Blocks.
    public init(
        reading store: any ClusterStore,
        _ scope: ClusterScope,
        preferringIPv6: Bool = false
    ) throws(ServingError) {
        var mirror = MirrorState(scope)
        try mirror.read(store)
        self.init(mirror.nodes, scope, preferringIPv6: preferringIPv6)
    }
}

extension MirrorState {
    /// Reads what is missing, and what that leads to. Blocks.
    mutating func read(_ store: any ClusterStore) throws(ServingError) {
        while true {
            let missing = missing
            guard !missing.isEmpty else { return prune() }
            for reading in missing {
                switch reading {
                case .contents(let path): took(contents: try store.contents(of: path), of: path)
                case .children(let path): took(children: try store.children(of: path), of: path)
                }
            }
        }
    }
}
