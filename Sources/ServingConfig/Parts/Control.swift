extension ServerConfiguration {
    /// Changing what is served while the server runs, one model at a time, and where that may be asked for.
    public struct Control: Sendable, Hashable {
        /// Models may be loaded and unloaded by calls on the ports for everyone. TensorFlow Serving has no such calls; its
        /// own `HandleReloadConfigRequest` does not depend on this. A control port does not either.
        public var isEnabled = false
        /// Port of its own for operators, gRPC and REST on the same: control, metrics and debug are answered there and no
        /// longer on the ports for everyone. 0 lets the system choose; `nil` opens none.
        public var port: Int?
        /// Address of that port.
        public var host = "127.0.0.1"
        /// Writes what calls change into the model configuration file, which must be there then.
        public var writesConfigurationBack = false
        /// Folder whose sub-folders are base paths of models that calls may load by name; `nil` for none. With one, calls
        /// that load one model may name no base path outside of it.
        public var modelRepository: String?

        public init() {}
    }

    /// What clients may take of the server.
    public struct Limits: Sendable, Hashable {
        /// Open connections of the ports for everyone together; 0 chooses by the limit on open files.
        public var connections = 0
        /// Bytes of requests over 64 KiB that are being received, decompressed or answered, all together; 0 chooses by the
        /// machine's memory.
        public var bytesInFlight = 0
        /// Bytes of one REST body, as it is sent.
        public var restBodyBytes = 1 << 30

        public init() {}
    }
}
