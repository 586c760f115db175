/// The keys of the configuration file: what each takes, and where it goes.
enum AgentKey {
    typealias Path<Value> = any WritableKeyPath<AgentConfiguration, Value> & Sendable

    case flag(Path<Bool>)
    case integer(Path<Int64>, ClosedRange<Int64>)
    case optionalInteger(Path<Int64?>, ClosedRange<Int64>)
    case number(Path<Double>, ClosedRange<Double>)
    /// `none` is none.
    case text(Path<String?>)
    case placedText(Path<ConfigurationText?>)
    /// May be given again and again.
    case list(Path<[ConfigurationText]>)
    case deployType(Path<AgentConfiguration.DeployType?>)
    case loadedServer(Path<AgentConfiguration.RoughSort.LoadedServer>)

    static let all: [String: AgentKey] = agentKeys.merging(portKeys) { $1 }.merging(serverKeys) { $1 }

    private static let ports: ClosedRange<Int64> = 0...65_535
    private static let counts: ClosedRange<Int64> = 0...1_000_000
    private static let seconds: ClosedRange<Int64> = -1...1_000_000_000
    private static let threads: ClosedRange<Int64> = 0...4096

    private static let agentKeys: [String: AgentKey] = [
        "bzid": .text(\.namespace),
        "base_name": .text(\.baseName),
        "base_path": .text(\.basePath),
        "num_ps": .integer(\.psCount, 1...10_000),
        "num_shard": .optionalInteger(\.shardCount, 1...10_000),
        "deploy_type": .deployType(\.deployType),
        "server_type": .deployType(\.deployType),
        "stand_alone_serving": .flag(\.isStandAlone),
        "zk_servers": .text(\.zooKeeperServers),
        "agent_version": .integer(\.version, 1...3),
        "layout_pattern": .text(\.layoutPattern),
        "layout_filters": .list(\.layoutFilters),
        "replica_id": .optionalInteger(\.replicaID, -1...Int64.max),
        "update_model_status_interval": .integer(\.statusInterval, counts),
        "max_waiting_sec": .integer(\.maximumWaitSeconds, seconds),
        "version_policy": .placedText(\.versionPolicy),
        "version_data": .integer(\.versionData, 0...Int64.max),
        "dc_aware": .flag(\.isDataCentreAware),
        "dense_alone": .flag(\.servesDenseAlone),
        "dense_service_num": .integer(\.denseServiceCount, counts),
        "file_system_poll_wait_seconds_ps": .integer(\.shardPollSeconds, seconds),
        "preload_jemalloc": .flag(\.preloadsJemalloc),
        "use_metrics": .flag(\.usesMetrics),
        "fetch_ps_timeout_ms": .optionalInteger(\.lookups.timeoutMilliseconds, 0...86_400_000),
        "fetch_ps_long_conn_num": .integer(\.lookups.connectionCount, counts),
        "fetch_ps_long_conn_enable": .flag(\.lookups.keepsConnections),
        "fetch_ps_retry": .integer(\.lookups.retries, counts),
        "aio_thread_num": .integer(\.lookups.threads, threads),
        "rough_sort_model_name": .text(\.roughSort.modelName),
        "rough_sort_model_local_path": .text(\.roughSort.localPath),
        "rough_sort_model_p2p_path": .text(\.roughSort.peerToPeerPath),
        "rough_sort_model_loaded_server": .loadedServer(\.roughSort.loadedServer),
        "rough_sort_resource_constrained": .flag(\.roughSort.isResourceConstrained),
    ]

    private static let portKeys: [String: AgentKey] = [
        "proxy_port": .optionalInteger(\.ports.proxy, ports),
        "agent_port": .optionalInteger(\.ports.agent, ports),
        "tfs_port_archon": .optionalInteger(\.ports.archon, ports),
        "tfs_port_grpc": .optionalInteger(\.ports.grpc, ports),
        "tfs_port_http": .optionalInteger(\.ports.http, ports),
        "tfs_entry_archon_port": .optionalInteger(\.ports.entryArchon, ports),
        "tfs_entry_port": .optionalInteger(\.ports.entryGRPC, ports),
        "tfs_entry_http_port": .optionalInteger(\.ports.entryHTTP, ports),
        "tfs_ps_archon_port": .optionalInteger(\.ports.psArchon, ports),
        "tfs_ps_port": .optionalInteger(\.ports.psGRPC, ports),
        "tfs_ps_http_port": .optionalInteger(\.ports.psHTTP, ports),
        "tfs_dense_archon_port": .optionalInteger(\.ports.denseArchon, ports),
        "tfs_dense_port": .optionalInteger(\.ports.denseGRPC, ports),
        "tfs_dense_http_port": .optionalInteger(\.ports.denseHTTP, ports),
    ]

    private static let serverKeys: [String: AgentKey] = [
        "enable_batching": .flag(\.server.enableBatching),
        "allow_version_labels_for_unavailable_models": .flag(\.server.allowVersionLabelsForUnavailableModels),
        "batching_parameters_file": .text(\.server.batchingParametersFile),
        "num_load_threads": .integer(\.server.loadThreads, threads),
        "num_unload_threads": .integer(\.server.unloadThreads, threads),
        "max_num_load_retries": .integer(\.server.maximumLoadRetries, counts),
        "load_retry_interval_micros": .integer(\.server.loadRetryIntervalMicroseconds, -1...Int64.max),
        "file_system_poll_wait_seconds": .integer(\.server.fileSystemPollSeconds, seconds),
        "flush_filesystem_caches": .flag(\.server.flushesFileSystemCaches),
        "tensorflow_session_parallelism": .integer(\.server.sessionParallelism, threads),
        "tensorflow_intra_op_parallelism": .integer(\.server.intraOpParallelism, threads),
        "tensorflow_inter_op_parallelism": .integer(\.server.interOpParallelism, threads),
        "ssl_config_file": .text(\.server.sslConfigFile),
        "platform_config_file": .text(\.server.platformConfigFile),
        "per_process_gpu_memory_fraction": .number(\.server.gpuMemoryFraction, 0...1),
        "allow_growth": .flag(\.server.allowsGrowth),
        "saved_model_tags": .text(\.server.savedModelTags),
        "grpc_channel_arguments": .text(\.server.grpcChannelArguments),
        "grpc_max_threads": .integer(\.server.grpcMaximumThreads, threads),
        "enable_model_warmup": .flag(\.server.enableModelWarmup),
        "version": .text(\.server.version),
        "remove_unused_fields_from_bundle_metagraph": .flag(\.server.removesUnusedFields),
        "enable_signature_method_name_check": .flag(\.server.checksSignatureMethodName),
        "xla_cpu_compilation_enabled": .flag(\.server.compilesWithXLAOnCPU),
        "enable_profiler": .flag(\.server.enableProfiler),
    ]
}
