extension ServerConfiguration {
    /// One of gRPC core's channel arguments, like `grpc.max_connection_age_ms=60000`.
    public struct ChannelArgument: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }
}
