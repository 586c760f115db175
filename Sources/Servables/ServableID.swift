/// One version of one model.
public struct ServableID: Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var version: Int64

    public init(name: String, version: Int64) {
        self.name = name
        self.version = version
    }

    /// `{name: M version: V}`, as TensorFlow Serving prints servable ids.
    public var description: String { "{name: \(name) version: \(version)}" }
}
