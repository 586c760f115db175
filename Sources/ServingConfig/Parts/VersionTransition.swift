extension ServerConfiguration {
    /// How a model gets from old versions to new ones.
    public enum VersionTransition: String, Sendable, Hashable, CaseIterable {
        /// The new version loads while the old one serves. Needs memory for both.
        case availabilityPreserving = "availability-preserving"
        /// The old version is gone before the new one loads; nothing answers meanwhile.
        case resourcePreserving = "resource-preserving"
    }
}
