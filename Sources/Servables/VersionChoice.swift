/// Which version of a model a request asks for.
public enum VersionChoice: Sendable, Hashable {
    /// The largest available version number.
    case latest
    case specific(Int64)
    case label(String)
}
