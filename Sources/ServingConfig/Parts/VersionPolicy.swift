extension ServerConfiguration {
    /// Which of a model's versions are served.
    public enum VersionPolicy: Sendable, Hashable {
        /// The so many largest version numbers.
        case latest(Int)
        /// The so many largest when they are first looked for, and no others before one of them is gone or a reload asks for it.
        /// For tables whose rows are kept fresh by pushes: the next export would be older than what is served.
        case latestOnce(Int)
        case all
        /// These, as far as they are there.
        case specific([Int64])
    }
}
