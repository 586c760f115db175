extension ServerConfiguration {
    /// Changing what is served while the server runs, one model at a time, and where that may be asked for.
    public struct Control: Sendable, Hashable {
        /// Models may be loaded and unloaded by calls. TensorFlow Serving has no such calls; its own
        /// `HandleReloadConfigRequest` does not depend on this.
        public var isEnabled = false
        /// Writes what calls change into the model configuration file, which must be there then.
        public var writesConfigurationBack = false
        /// Folder whose sub-folders are base paths of models that calls may load by name; `nil` for none. With one, calls
        /// that load one model may name no base path outside of it.
        public var modelRepository: String?

        public init() {}
    }
}
