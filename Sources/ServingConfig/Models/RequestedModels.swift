/// Which models a source of configuration (the command line, a file, a call) wants served: always the whole set, never a
/// change to one.
public enum RequestedModels: Sendable, Hashable {
    /// Nothing is said, as by an empty file. Not the same as an empty list, which asks for no models.
    case unset
    case list([ServerConfiguration.Model])
    /// A configuration for an extension of TensorFlow Serving; this server has none.
    case custom

    /// Those of a list, else none.
    public var models: [ServerConfiguration.Model] {
        if case .list(let models) = self { models } else { [] }
    }
}
