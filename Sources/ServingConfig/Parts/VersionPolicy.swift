extension ServerConfiguration {
    /// Which of a model's versions are served.
    public enum VersionPolicy: Sendable, Hashable {
        /// The so many largest version numbers.
        case latest(Int)
        case all
        /// These, as far as they are there.
        case specific([Int64])
    }
}
