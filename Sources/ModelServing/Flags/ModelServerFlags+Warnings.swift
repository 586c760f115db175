extension ModelServerFlags {
    /// What a user should be told once at start: flags that steer machinery this server does not have, and what the stock
    /// server says itself. Only about flags that were given.
    var warnings: [String] {
        var warnings: [String] = []
        if restPort != 0, restPort == port {
            warnings.append(
                "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API. "
                    + "Skipped exporting HTTP/REST API."
            )
        }
        for (flag, reason) in Self.unused where given.contains(flag) {
            warnings.append("--\(flag) is accepted and has no effect: \(reason)")
        }
        if given.contains("enable_grpc_healthcheck_service"), !grpcHealthCheck {
            warnings.append("--enable_grpc_healthcheck_service=false has no effect: grpc.health.v1 is always served")
        }
        if platformConfigFile.isEmpty {
            warnings += MixedPrecision.warnings(mixedPrecision)
        } else {
            let ignored = Self.replacedByPlatformConfig.filter(given.contains).map { "--\($0)" }
            if !ignored.isEmpty {
                warnings.append("--platform_config_file replaces \(ignored.joined(separator: ", "))")
            }
        }
        return warnings
    }

    private static let unused = [
        ("rest_api_num_threads", "REST runs on the event loops, not on a thread for each call"),
        ("grpc_max_threads", "gRPC runs on the event loops, not on a thread for each call"),
        ("remove_unused_fields_from_bundle_metagraph", "of a MetaGraph only the signatures are ever kept"),
        ("skip_initialize_tpu", "there is no TPU support"),
    ]

    private static let replacedByPlatformConfig = [
        "batching_parameters_file", "enable_batching", "enable_model_warmup", "enable_per_model_batching_parameters",
        "mixed_precision", "num_request_iterations_for_warmup", "num_tflite_interpreters_per_pool",
        "num_tflite_pools", "per_process_gpu_memory_fraction", "prefer_tflite_model",
        "remove_unused_fields_from_bundle_metagraph", "saved_model_tags", "tensorflow_inter_op_parallelism",
        "tensorflow_intra_op_parallelism", "tensorflow_session_config_file", "tensorflow_session_parallelism",
    ]
}

/// `--mixed_precision` and its field in a platform configuration.
enum MixedPrecision {
    static func warnings(_ value: String) -> [String] {
        value.isEmpty || value == "bfloat16"
            ? [] : ["mixed_precision is \(value); only bfloat16 is supported, so models run as they are"]
    }
}
