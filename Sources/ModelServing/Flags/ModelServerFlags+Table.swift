extension ModelServerFlags {
    /// A function, not a stored table: key paths are not Sendable, and the table is read once.
    static func table() -> [Flag<ModelServerFlags>] {
        [
            Flag("port", .int32(\.port), "TCP port for gRPC. 0 opens none; then --grpc_socket_path is needed."),
            Flag("grpc_socket_path", .string(\.grpcSocketPath), "Unix socket to listen on for gRPC as well."),
            Flag("rest_api_port", .int32(\.restPort), "TCP port for HTTP/REST. 0 serves no REST."),
            Flag(
                "rest_api_num_threads",
                .int32(\.restThreads),
                "Accepted and not used: REST runs on the event loops of gRPC, not on a thread for each call."
            ),
            Flag(
                "rest_api_timeout_in_ms",
                .int32(\.restTimeout),
                "Longest wait of a REST call; 0 or less is no limit."
            ),
            Flag("rest_api_enable_cors_support", .bool(\.restCORS), "Add the CORS headers to REST answers."),
            Flag("model_name", .string(\.modelName), "Name of the model to serve."),
            Flag(
                "model_base_path",
                .string(\.modelBasePath),
                "Absolute path of the model: a folder with one numeric sub-folder for each version."
            ),
            Flag("num_load_threads", .int32(\.loadThreads), "Versions loaded at the same time; 0 chooses."),
            Flag("max_num_load_retries", .int32(\.loadRetries), "Tries after the first failure of a load."),
            Flag(
                "load_retry_interval_micros",
                .int64(\.loadRetryInterval),
                "Pause between two tries of a load, in microseconds; negative is none."
            ),
            Flag(
                "file_system_poll_wait_seconds",
                .int32(\.pollSeconds),
                "Seconds between looks for versions; 0 looks once, a negative number never."
            ),
            Flag(
                "tensorflow_session_parallelism",
                .int64(\.sessionParallelism),
                "Threads of TensorFlow's intra-op and inter-op pools; 0 chooses."
            ),
            Flag(
                "tensorflow_intra_op_parallelism",
                .int64(\.intraOpParallelism),
                "Threads inside one op; 0 chooses. Replaces --tensorflow_session_parallelism."
            ),
            Flag(
                "tensorflow_inter_op_parallelism",
                .int64(\.interOpParallelism),
                "Ops run at once; 0 chooses. Replaces --tensorflow_session_parallelism."
            ),
            Flag("saved_model_tags", .string(\.savedModelTags), "Comma-separated tags of the graph to load."),
            Flag(
                "enable_serialization_as_tensor_content",
                .bool(\.tensorContent),
                "Write Predict answers as tensor_content instead of typed fields."
            ),
            Flag("enable_batching", .bool(\.enablesBatching), "Batch requests."),
            Flag(
                "batching_parameters_file",
                .string(\.batchingParametersFile),
                "Text file with a BatchingParameters message. Needs --enable_batching."
            ),
            Flag(
                "enable_per_model_batching_parameters",
                .bool(\.perModelBatchingParameters),
                "Read batching_params.pbtxt of each version; a version without the file is not batched."
            ),
            Flag(
                "allow_version_labels_for_unavailable_models",
                .bool(\.labelsForUnavailableModels),
                "A new label may name a version that is not available yet."
            ),
            Flag(
                "model_config_file",
                .string(\.modelConfigFile),
                "Text file with a ModelServerConfig message. Replaces --model_name and --model_base_path."
            ),
            Flag(
                "model_config_file_poll_wait_seconds",
                .int32(\.modelConfigPollSeconds),
                "Seconds between two readings of --model_config_file; 0 reads it at start only."
            ),
            Flag("num_unload_threads", .int32(\.unloadThreads), "Versions unloaded at the same time; 0 chooses."),
            Flag(
                "flush_filesystem_caches",
                .bool(\.flushFileSystemCaches),
                "Let the system drop a model's files from its cache when they are loaded."
            ),
            Flag(
                "tensorflow_session_config_file",
                .string(\.sessionConfigFile),
                "Text file with a TensorFlow ConfigProto message; the other flags override parts of it."
            ),
            Flag(
                "per_process_gpu_memory_fraction",
                .float(\.gpuMemoryFraction),
                "Share of a GPU's memory to take; 0 lets TensorFlow choose, 1 takes all at start."
            ),
            Flag(
                "platform_config_file",
                .string(\.platformConfigFile),
                "Text file with a PlatformConfigMap message. Replaces the batching, session, warm-up and TFLite flags."
            ),
            Flag("use_alts_credentials", .bool(\.altsCredentials), "Google ALTS; there is none here."),
            Flag(
                "ssl_config_file",
                .string(\.sslConfigFile),
                "Text file with an SSLConfig message: TLS for gRPC. It holds the PEM text itself, not paths."
            ),
            Flag(
                "rest_ssl_config_file",
                .string(\.restSSLConfigFile),
                "The same for REST; may be the same file. TensorFlow Serving's REST is always plain text."
            ),
            Flag(
                "grpc_channel_arguments",
                .string(\.grpcChannelArguments),
                "Comma-separated key=value pairs, gRPC core's channel arguments."
            ),
            Flag(
                "grpc_max_threads",
                .int32(\.grpcMaxThreads),
                "Accepted and not used: gRPC has no thread for each call."
            ),
            Flag("enable_model_warmup", .bool(\.modelWarmUp), "Replay a version's warm-up records when it is loaded."),
            Flag(
                "num_request_iterations_for_warmup",
                .int32(\.warmUpIterations),
                "Runs of each warm-up record; 0 is one."
            ),
            Flag(
                "monitoring_config_file",
                .string(\.monitoringConfigFile),
                "Text file with a MonitoringConfig message: the metrics page on the REST port."
            ),
            Flag(
                "remove_unused_fields_from_bundle_metagraph",
                .bool(\.removeUnusedFields),
                "Accepted and not used: only the signatures of a MetaGraph are ever kept."
            ),
            Flag(
                "prefer_tflite_model",
                .bool(\.preferTFLite),
                "Serve model.tflite of a version where there is one, else its SavedModel."
            ),
            Flag("num_tflite_pools", .int32(\.tflitePools), "Interpreters of a TFLite model; 0 is one for each core."),
            Flag(
                "num_tflite_interpreters_per_pool",
                .int32(\.tfliteInterpretersPerPool),
                "Above 1, a request's rows are split over so many interpreters."
            ),
            Flag(
                "enable_signature_method_name_check",
                .bool(\.methodNameCheck),
                "Insist on the method_name of a signature."
            ),
            Flag("xla_cpu_compilation_enabled", .bool(\.xlaOnCPU), "Allow XLA compilation for the CPU."),
            Flag("xla_gpu_compilation_enabled", .bool(\.xlaOnGPU), "Allow XLA compilation for CPU and GPU."),
            Flag("enable_profiler", .bool(\.profiler), "Serve TensorFlow's ProfilerService on the gRPC port."),
            Flag(
                "thread_pool_factory_config_file",
                .string(\.threadPoolFactoryConfigFile),
                "Text file with a ThreadPoolFactoryConfig message; no factory comes with the server."
            ),
            Flag("mixed_precision", .string(\.mixedPrecision), "bfloat16 turns on automatic mixed precision."),
            Flag("skip_initialize_tpu", .bool(\.skipInitializeTPU), "Accepted and not used: TPU builds only."),
            Flag(
                "enable_grpc_healthcheck_service",
                .bool(\.grpcHealthCheck),
                "Accepted and not needed: grpc.health.v1 is always served."
            ),
            Flag(
                "op_libraries",
                .string(\.opLibraries),
                "Comma-separated shared objects with TensorFlow operations to load at start. Not in TensorFlow Serving."
            ),
            Flag(
                "adaptive_batching",
                .bool(\.adaptiveBatching),
                "Run requests together that wait for the same model, where that is cheaper and enable_batching does not "
                    + "say how. Not in TensorFlow Serving."
            ),
            Flag(
                "latency_slo",
                .string(\.latencyObjectives),
                "How soon answers are wanted where the caller does not say, like 25ms or resnet=80ms,5ms: what cannot be "
                    + "in time is refused at once. Not in TensorFlow Serving."
            ),
            Flag(
                "pad_models",
                .string(\.paddedModels),
                "Comma-separated models whose rows of different lengths may share a batch, filled up to the longest. Not "
                    + "in TensorFlow Serving."
            ),
            Flag(
                "isolated_models",
                .string(\.isolatedModels),
                "Comma-separated names of models whose versions run in a process of their own each, which may crash without "
                    + "taking anything else down; * is every model. Not in TensorFlow Serving."
            ),
            Flag(
                "session_target",
                .string(\.sessionTarget),
                "A TensorFlow cluster that runs the models: one of its workers, as grpc://HOST:PORT. Model files must have the "
                    + "same path there. Not in TensorFlow Serving."
            ),
            Flag(
                "session_target_timeout_ms",
                .int32(\.sessionTargetTimeout),
                "Milliseconds that a step of loading on that cluster, or a run without a deadline, may take. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "enable_control",
                .bool(\.enablesControl),
                "Let calls load and unload models, one at a time. Not in TensorFlow Serving."
            ),
            Flag(
                "model_repository",
                .string(\.modelRepository),
                "Folder whose sub-folders are models. Alone, all of them are served, as they come and go; beside other "
                    + "models, calls may load them by name. Calls may name no base path outside. Not in TensorFlow Serving."
            ),
            Flag(
                "discover_models",
                .bool(\.discoversModels),
                "Serve all models of --model_repository where it alone says which there are; else only calls load them. Not "
                    + "in TensorFlow Serving."
            ),
            Flag(
                "write_config_back",
                .bool(\.writesConfigBack),
                "Write what calls change into --model_config_file. Not in TensorFlow Serving."
            ),
            Flag(
                "total_model_memory_limit_bytes",
                .string(\.modelMemoryLimit),
                "Memory that all models together may use, in bytes, as a share like 60% of what the process may use, or "
                    + "devices for what the devices of --devices may hold: any number of models is known then, and those "
                    + "that are used are loaded. Not a flag of TensorFlow Serving."
            ),
            Flag(
                "placement",
                .string(\.placement),
                "auto puts each model on a device by the memory it needs, and keeps each device within its budget; the "
                    + "devices are those of --devices or --devices_file, which turn it on, else the engine's. Not in "
                    + "TensorFlow Serving."
            ),
            Flag(
                "devices",
                .string(\.devices),
                "Devices and the memory that models may take on each, like GPU:0=15GB,GPU:1=15GB. Not in TensorFlow Serving."
            ),
            Flag(
                "devices_file",
                .string(\.devicesFile),
                "Text file with a line `device NAME SIZE` for each device, in place of --devices; looked at again and "
                    + "again. Not in TensorFlow Serving."
            ),
            Flag(
                "cpu_groups",
                .string(\.cpuGroups),
                "Threads for models with apus { cpu_group: \"NAME\" }, like batch=0.5;nightly=2@2-3. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "model_cache_state",
                .string(\.modelCacheState),
                "File that remembers what models cost; auto chooses one, none remembers nothing. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "model_idle_seconds",
                .float(\.modelIdleSeconds),
                "Under the memory limit: a model that nobody asks for so long is unloaded; 0 never. Not in TensorFlow Serving."
            ),
            Flag(
                "model_min_resident_seconds",
                .float(\.modelMinimumResidentSeconds),
                "Under the memory limit: a model is not evicted sooner after its load; -1 is as long as its load took. Not in "
                    + "TensorFlow Serving."
            ),
            Flag(
                "prefetch_models",
                .bool(\.modelPrefetch),
                "Under the memory limit: load models that are expected to be asked for, while there is room. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "share_weights",
                .bool(\.sharesWeights),
                "Load versions and models with the same files once, as one copy in memory. Not in TensorFlow Serving."
            ),
            Flag(
                "request_log_file_megabytes",
                .int32(\.requestLogFileMegabytes),
                "Size after which a file of a request log (logging_config) is followed by another. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "request_log_file_seconds",
                .int32(\.requestLogFileSeconds),
                "Age after which a file of a request log is followed by another. Not in TensorFlow Serving."
            ),
            Flag(
                "request_log_files",
                .int32(\.requestLogFileCount),
                "Files kept of each request log, the oldest are deleted; 0 keeps all. Not in TensorFlow Serving."
            ),
            Flag(
                "request_log_buffer_megabytes",
                .int32(\.requestLogBufferMegabytes),
                "Memory for logged requests that wait for the disk; what comes beyond is not logged, and counted. Not in "
                    + "TensorFlow Serving."
            ),
            Flag(
                "console",
                .bool(\.console),
                "Serve the console for browsers at / of the REST port. Not in TensorFlow Serving."
            ),
            Flag(
                "control_port",
                .int32(\.controlPort),
                "TCP port for operators, gRPC and REST: control, metrics and debug are answered there and no longer on the "
                    + "other ports. 0 lets the system choose, -1 opens none. Not in TensorFlow Serving."
            ),
            Flag("control_host", .string(\.controlHost), "Address of --control_port. Not in TensorFlow Serving."),
            Flag(
                "api_keys_file",
                .string(\.apiKeysFile),
                "Text file with API keys and what each may do, read again when it changes. Not in TensorFlow Serving."
            ),
            Flag(
                "max_connections",
                .int32(\.maxConnections),
                "Open connections of all ports but the control port; 0 chooses by the limit on open files. Not in "
                    + "TensorFlow Serving."
            ),
            Flag(
                "max_bytes_in_flight",
                .int64(\.maxBytesInFlight),
                "Bytes of larger requests that are received or answered at once; 0 chooses by the memory. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "rest_api_max_body_bytes",
                .int64(\.restMaxBodyBytes),
                "Largest body of a REST request. Not in TensorFlow Serving."
            ),
            Flag(
                "circuit_breaker_failures",
                .int32(\.breakerFailures),
                "A version whose engine fails so often in a row is left alone for a while; 0 never. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "circuit_breaker_failure_share",
                .float(\.breakerFailureShare),
                "The same for a share of the runs of ten seconds, 0 to 1. Not in TensorFlow Serving."
            ),
            Flag(
                "circuit_breaker_rest_ms",
                .int32(\.breakerRest),
                "How long such a version is left alone before a call is tried. Not in TensorFlow Serving."
            ),
            Flag(
                "log_format",
                .string(\.logFormat),
                "How the server's own log is written: text or json. Not in TensorFlow Serving."
            ),
            Flag(
                "access_log",
                .string(\.accessLog),
                "File for a line of JSON for each request; - is standard output. Not in TensorFlow Serving."
            ),
            Flag(
                "otlp_endpoint",
                .string(\.otlpEndpoint),
                "OpenTelemetry collector that takes spans by OTLP over HTTP, like http://localhost:4318. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "trace_sampling",
                .float(\.traceSampling),
                "Share of the requests that are traced, from 0 to 1, where their caller does not decide. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "flight_recorder_size",
                .int32(\.flightRecorderSize),
                "Requests kept for GET /v1/debug/requests; 0 keeps none. Not in TensorFlow Serving."
            ),
            Flag(
                "slow_request_ms",
                .int32(\.slowRequestMilliseconds),
                "Milliseconds from which on a request may be kept as slow; 0 keeps the slowest of each ten seconds. Not in "
                    + "TensorFlow Serving."
            ),
            Flag(
                "request_metrics",
                .bool(\.requestMetrics),
                "Count requests by version, signature, API and status as well. Not in TensorFlow Serving."
            ),
            Flag(
                "model_settle_ms",
                .int64(\.modelSettleMilliseconds),
                "Milliseconds that a version's files must have been left alone before it is loaded. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "model_checksums",
                .string(\.modelChecksums),
                "What to do about a file SHA256SUMS in a version's folder: verify, require or ignore. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "store_cache_dir",
                .string(\.storeCacheFolder),
                "Folder for versions fetched from s3://, gs://, http:// and https://; empty is one of the user's own. Not in "
                    + "TensorFlow Serving."
            ),
            Flag(
                "store_cache_bytes",
                .int64(\.storeCacheBytes),
                "Bytes of --store_cache_dir; 0 is what the disk has. Not in TensorFlow Serving."
            ),
            Flag(
                "model_fetch_bytes",
                .int64(\.modelFetchBytes),
                "Bytes that one fetched version may have, unpacked. Not in TensorFlow Serving."
            ),
            Flag(
                "model_fetch_connections",
                .int32(\.fetchConnections),
                "Transfers of one version side by side. Not in TensorFlow Serving."
            ),
            Flag(
                "model_store_poll_seconds",
                .int32(\.storePollSeconds),
                "Seconds for which the listing of a store counts before it is asked again. Not in TensorFlow Serving."
            ),
            Flag(
                "embedding_path_prefixes",
                .string(\.embeddingPathPrefixes),
                "Where files lie here whose paths exports of embeddings name as training saw them: FOREIGN=LOCAL, several by "
                    + "commas. Not in TensorFlow Serving."
            ),
            Flag(
                "embedding_cache_dir",
                .string(\.embeddingCacheFolder),
                "Folder for tables of embeddings as they are served; empty is one of the user's own. Not in TensorFlow Serving."
            ),
            Flag(
                "embedding_update_bytes",
                .int64(\.embeddingUpdateBytes),
                "Bytes that pushed rows of each table of embeddings may take. Not in TensorFlow Serving."
            ),
            Flag(
                "embedding_journal_bytes",
                .int64(\.embeddingJournalBytes),
                "Bytes of the journal that keeps the rows pushed to a base path of embeddings; 0 keeps none. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "embedding_journal_sync",
                .string(\.embeddingJournalSync),
                "When pushed rows of embeddings go to the disk: always (before the answer), second or never. Not in TensorFlow "
                    + "Serving."
            ),
            Flag(
                "embedding_huge_pages",
                .bool(\.embeddingHugePages),
                "Copy tables of embeddings into huge pages. Not in TensorFlow Serving."
            ),
            Flag("version", .bool(\.version), "Print the versions and leave."),
        ]
    }
}
