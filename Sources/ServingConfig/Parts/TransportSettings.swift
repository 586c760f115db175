extension ServerConfiguration {
    /// What gRPC's channel arguments set of the transport, in their units; `nil` is this server's default.
    public struct TransportSettings: Sendable, Hashable {
        /// `grpc.max_concurrent_streams`: calls in flight on a connection.
        public var maximumConcurrentStreams: Int?
        /// `grpc.max_receive_message_length`, in bytes; -1 is no limit but gRPC's own.
        public var maximumReceiveMessageLength: Int?
        /// `grpc.max_send_message_length`, in bytes; -1 is no limit but gRPC's own.
        public var maximumSendMessageLength: Int?
        /// `grpc.max_connection_idle_ms`: a connection without calls is ended after so long.
        public var maximumConnectionIdle: Int?
        /// `grpc.max_connection_age_ms`: a connection takes no new calls after so long, give or take a tenth.
        public var maximumConnectionAge: Int?
        /// `grpc.max_connection_age_grace_ms`: calls in flight of such a connection end after so long.
        public var maximumConnectionAgeGrace: Int?
        /// `grpc.keepalive_time_ms`: a quiet connection is probed after so long.
        public var keepaliveTime: Int?
        /// `grpc.keepalive_timeout_ms`: it is closed when so long no answer comes.
        public var keepaliveTimeout: Int?
        /// `grpc.keepalive_permit_without_calls`: 1 probes, and may be probed, also without calls.
        public var keepalivePermitWithoutCalls: Int?
        /// `grpc.http2.min_ping_interval_without_data_ms`: a client's pings that come faster are strikes.
        public var minimumPingInterval: Int?
        /// `grpc.http2.max_ping_strikes`: with more a connection ends; 0 is no limit.
        public var maximumPingStrikes: Int?
        /// `grpc.max_metadata_size`, in bytes as HTTP/2 counts a header list.
        public var maximumMetadataSize: Int?
        /// `grpc.absolute_max_metadata_size`: replaces the former, from which on gRPC core refuses only some requests.
        public var absoluteMaximumMetadataSize: Int?
        /// `grpc.http2.max_frame_size`, in bytes.
        public var maximumFrameSize: Int?
        /// `grpc.http2.lookahead_bytes`: what a client may send ahead on a stream.
        public var lookaheadBytes: Int?
        /// `grpc.so_reuseport`: 1 shares the port with other processes that do the same.
        public var reusePort: Int?
        /// `grpc.server_handshake_timeout_ms`, of TLS and of HTTP/2.
        public var handshakeTimeout: Int?

        public init() {}
    }
}
