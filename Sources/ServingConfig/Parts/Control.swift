extension ServerConfiguration {
    /// Changing what is served while the server runs, one model at a time, and where that may be asked for.
    public struct Control: Sendable, Hashable {
        /// Models may be loaded and unloaded by calls. TensorFlow Serving has no such calls; its own
        /// `HandleReloadConfigRequest` does not depend on this.
        public var isEnabled = false

        public init() {}
    }
}
