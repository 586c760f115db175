public import ServingPrimitives

/// What a node below `saved_models` holds: where a sub-graph's versions are, and which of them are served.
public struct SavedModelMeta: Sendable, Hashable {
    public var basePath: String?
    /// `latest`, `latest_once`, `all` or `specific`.
    public var versionPolicy: String?

    public init(basePath: String?, versionPolicy: String?) {
        self.basePath = basePath
        self.versionPolicy = versionPolicy
    }

    /// - Throws: `INVALID_ARGUMENT`: what is wrong with it.
    public init(node bytes: [UInt8]) throws(ServingError) {
        let object = try NodeObject(bytes, of: "a saved model")
        basePath = try object.text("model_base_path")
        versionPolicy = try object.text("version_policy")
    }

    public var node: [UInt8] {
        NodeObject.bytes(["model_base_path": .text(basePath), "version_policy": .text(versionPolicy)])
    }
}
