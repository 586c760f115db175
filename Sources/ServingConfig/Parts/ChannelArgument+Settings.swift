extension ServerConfiguration.GRPC {
    /// What the channel arguments mean. Of an argument that comes twice the last one counts, as in gRPC core; those
    /// that are wrong are left out.
    public var transportSettings: ServerConfiguration.TransportSettings { readChannelArguments().settings }

    /// What is wrong with channel arguments that this server knows.
    var channelArgumentProblems: [String] { readChannelArguments().problems }

    /// What is worth telling about the others: arguments without a meaning here, and unknown ones.
    public var channelArgumentWarnings: [String] {
        var unused: [String] = []
        var unknown: [String] = []
        for name in channelArguments.map(\.name) where ChannelArgumentTable.settings[name] == nil {
            if ChannelArgumentTable.unused.contains(name) { unused.append(name) } else { unknown.append(name) }
        }
        var warnings: [String] = []
        if !unused.isEmpty {
            warnings.append(
                "grpc_channel_arguments: accepted and without effect on this server: \(unused.joined(separator: ", "))"
            )
        }
        if !unknown.isEmpty {
            warnings.append("grpc_channel_arguments: unknown: \(unknown.joined(separator: ", "))")
        }
        return warnings
    }

    private func readChannelArguments() -> (settings: ServerConfiguration.TransportSettings, problems: [String]) {
        var settings = ServerConfiguration.TransportSettings()
        var problems: [String] = []
        for argument in channelArguments {
            guard let setting = ChannelArgumentTable.settings[argument.name] else { continue }
            if let value = Int32(argument.value).map(Int.init), setting.range.contains(value) {
                setting.set(&settings, value)
            } else {
                problems.append(
                    "grpc_channel_arguments: \(argument.name) is \"\(argument.value)\"; expected a whole number from "
                        + "\(setting.range.lowerBound) to \(setting.range.upperBound)"
                )
            }
        }
        return (settings, problems)
    }
}

/// The channel arguments of gRPC core (`channel_arg_names.h` of 1.7x).
private enum ChannelArgumentTable {
    struct Setting: Sendable {
        var range: ClosedRange<Int>
        var set: @Sendable (inout ServerConfiguration.TransportSettings, Int) -> Void
    }

    private static let largest = Int(Int32.max)

    static let settings: [String: Setting] = [
        "grpc.max_concurrent_streams": .init(range: 1...largest) { $0.maximumConcurrentStreams = $1 },
        "grpc.max_receive_message_length": .init(range: -1...largest) { $0.maximumReceiveMessageLength = $1 },
        "grpc.max_send_message_length": .init(range: -1...largest) { $0.maximumSendMessageLength = $1 },
        "grpc.max_connection_idle_ms": .init(range: 1...largest) { $0.maximumConnectionIdle = $1 },
        "grpc.max_connection_age_ms": .init(range: 1...largest) { $0.maximumConnectionAge = $1 },
        "grpc.max_connection_age_grace_ms": .init(range: 0...largest) { $0.maximumConnectionAgeGrace = $1 },
        "grpc.keepalive_time_ms": .init(range: 1...largest) { $0.keepaliveTime = $1 },
        "grpc.keepalive_timeout_ms": .init(range: 0...largest) { $0.keepaliveTimeout = $1 },
        "grpc.keepalive_permit_without_calls": .init(range: 0...1) { $0.keepalivePermitWithoutCalls = $1 },
        "grpc.http2.min_ping_interval_without_data_ms": .init(range: 0...largest) { $0.minimumPingInterval = $1 },
        "grpc.http2.max_ping_strikes": .init(range: 0...largest) { $0.maximumPingStrikes = $1 },
        "grpc.max_metadata_size": .init(range: 1...largest) { $0.maximumMetadataSize = $1 },
        "grpc.absolute_max_metadata_size": .init(range: 1...largest) { $0.absoluteMaximumMetadataSize = $1 },
        "grpc.http2.max_frame_size": .init(range: 16_384...16_777_215) { $0.maximumFrameSize = $1 },
        "grpc.http2.lookahead_bytes": .init(range: 3...largest) { $0.lookaheadBytes = $1 },
        "grpc.so_reuseport": .init(range: 0...1) { $0.reusePort = $1 },
        "grpc.server_handshake_timeout_ms": .init(range: 1...largest) { $0.handshakeTimeout = $1 },
    ]

    /// They steer machinery that only gRPC core has, or clients.
    static let unused: Set = [
        "grpc.address_is_backend_from_balancer_lb", "grpc.call_v3", "grpc.census", "grpc.client_idle_timeout_ms",
        "grpc.compression_enabled_algorithms_bitset", "grpc.default_authority", "grpc.default_compression_algorithm",
        "grpc.default_compression_level", "grpc.disable_client_authority_filter",
        "grpc.dns_enable_srv_queries", "grpc.dns_min_time_between_resolutions_ms", "grpc.enable_channelz",
        "grpc.enable_deadline_check", "grpc.enable_http_proxy", "grpc.enable_retries", "grpc.expand_wildcard_addrs",
        "grpc.experimental.enable_hedging", "grpc.experimental.event_engine",
        "grpc.experimental.http2.enable_preferred_frame_size", "grpc.experimental.tcp_max_read_chunk_size",
        "grpc.experimental.tcp_min_read_chunk_size", "grpc.experimental.tcp_read_chunk_size",
        "grpc.experimental.tcp_tx_zerocopy_enabled", "grpc.experimental.tcp_tx_zerocopy_max_simultaneous_sends",
        "grpc.experimental.tcp_tx_zerocopy_send_bytes_threshold", "grpc.grpclb_call_timeout_ms",
        "grpc.grpclb_fallback_timeout_ms", "grpc.grpclb_channel_args",
        "grpc.happy_eyeballs_connection_attempt_delay_ms",
        "grpc.http2.bdp_probe", "grpc.http2.hpack_table_size.decoder", "grpc.http2.hpack_table_size.encoder",
        "grpc.http2.initial_sequence_number", "grpc.http2.max_pings_without_data",
        "grpc.http2.min_time_between_pings_ms", "grpc.http2.ping_timeout_ms", "grpc.http2.settings_timeout",
        "grpc.http2.true_binary", "grpc.http2.write_buffer_size", "grpc.http2_scheme", "grpc.http_proxy",
        "grpc.inhibit_health_checking", "grpc.initial_reconnect_backoff_ms", "grpc.lb.ring_hash.ring_size_cap",
        "grpc.lb_policy_name", "grpc.loadreporting", "grpc.max_allowed_incoming_connections",
        "grpc.max_channel_trace_event_memory_per_node", "grpc.max_reconnect_backoff_ms",
        "grpc.min_reconnect_backoff_ms",
        "grpc.minimal_stack", "grpc.mobile_log_context", "grpc.optimization_target", "grpc.per_message_compression",
        "grpc.per_message_decompression", "grpc.per_rpc_retry_buffer_size", "grpc.primary_user_agent",
        "grpc.resource_quota", "grpc.secondary_user_agent", "grpc.security_frame_allowed",
        "grpc.server.max_pending_requests", "grpc.server.max_pending_requests_hard_limit",
        "grpc.server_call_metric_recording", "grpc.server_config_change_drain_grace_time_ms",
        "grpc.server_max_unrequested_time_in_server", "grpc.service_config",
        "grpc.service_config_disable_resolution", "grpc.socket_factory", "grpc.socket_mutator",
        "grpc.ssl_session_cache", "grpc.ssl_target_name_override", "grpc.suppress_grpc_message",
        "grpc.tcp_receive_buffer_size", "grpc.tcp_user_timeout_ms", "grpc.testing.fixed_reconnect_backoff_ms",
        "grpc.tsi.max_frame_size", "grpc.use_cronet_packet_coalescing", "grpc.use_local_subchannel_pool",
        "grpc.xds_route_state",
    ]
}
