import ServingConfig
import ServingPrimitives
import Testing

@testable import ModelServing

@Suite struct ModelServerFlagsTests {
    private func parse(_ arguments: String...) -> ModelServerFlags.Outcome {
        ModelServerFlags.parse(["/usr/bin/tensorflow_model_server"] + arguments)
    }

    @Test func `the flags of a usual command line become a configuration`() throws {
        let outcome = parse(
            "--port=9000",
            "--rest_api_port=9001",
            "--model_name=m",
            "--model_base_path=/models/m",
            "--grpc_socket_path=/tmp/s",
            "--rest_api_timeout_in_ms=5",
            "--file_system_poll_wait_seconds=-1",
            "--tensorflow_intra_op_parallelism=2",
            "--tensorflow_inter_op_parallelism=3",
            "--saved_model_tags=serve,gpu",
            "--enable_serialization_as_tensor_content",
            "--rest_api_enable_cors_support=true",
            "--load_retry_interval_micros=7",
            "--max_num_load_retries=2",
            "--num_load_threads=8"
        )
        guard case .serve(let flags, notice: nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        var expected = ServerConfiguration()
        expected.grpc.port = 9000
        expected.grpc.socketPath = "/tmp/s"
        expected.grpc.answersAsTensorContent = true
        expected.rest.port = 9001
        expected.rest.timeoutMilliseconds = 5
        expected.rest.enableCORS = true
        expected.models = [.init(name: "m", basePath: "/models/m")]
        expected.loading.pollSeconds = -1
        expected.loading.maximumRetries = 2
        expected.loading.retryIntervalMicroseconds = 7
        expected.loading.threads = 8
        expected.loading.savedModelTags = ["serve", "gpu"]
        expected.engine.intraOpParallelism = 2
        expected.engine.interOpParallelism = 3
        #expect(try flags.configuration() == expected)
    }

    @Test(arguments: [
        "--port=x", "--port=", "--port=1.5", "--port=5 ", "--port=0x10", "--port=99999999999", "--port=--1",
        "--load_retry_interval_micros=9223372036854775808", "--per_process_gpu_memory_fraction=",
        "--per_process_gpu_memory_fraction=0.5x", "--per_process_gpu_memory_fraction=0.5 ", "--version=1",
        "--version=True", "--version=", "--versions", "--enable_batching_now", "--enable_batching:true",
    ])
    func `a value that does not parse prints the usage`(argument: String) throws {
        guard case .printUsage(let usage, let error) = parse(argument) else {
            Issue.record("\(argument) was taken")
            return
        }
        #expect(usage.hasPrefix("usage: /usr/bin/tensorflow_model_server\nFlags:\n\t--port=8500"))
        #expect(error?.hasPrefix("Couldn't interpret value ") == true)
    }

    @Test func `every value that does not parse is told`() {
        let outcome = parse("--port=x", "--rest_api_port=1", "--enable_batching=1", "--version")
        guard case .printUsage(_, let error) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(
            error == """
                Couldn't interpret value x for flag port.
                Couldn't interpret value =1 for flag enable_batching.
                """
        )
    }

    /// What C's `%d` reads.
    @Test(arguments: [("+9000", 9000), (" \t9000", 9000), ("-5", -5), ("0017", 17), ("2147483647", Int32.max)])
    func `a whole number may have a sign and blanks before it`(text: String, expected: Int32) {
        guard case .serve(let flags, nil) = parse("--port=\(text)") else {
            Issue.record("\(text) was refused")
            return
        }
        #expect(flags.port == expected)
    }

    /// What C's `%f` reads.
    @Test(arguments: [("0.5", 0.5), ("1e-1", 0.1), (" .25", 0.25), ("0x1p-2", 0.25), ("inf", Float.infinity), ("1", 1)])
    func `a fraction may be written in every way of C`(text: String, expected: Float) {
        guard case .serve(let flags, nil) = parse("--per_process_gpu_memory_fraction=\(text)") else {
            Issue.record("\(text) was refused")
            return
        }
        #expect(flags.gpuMemoryFraction == expected)
    }

    @Test(arguments: [
        "--nonsense=1", "-port=1", "--port", "port=1", "--portal=1", "stray", "", "--PORT=1", "---port=1",
    ])
    func `an unknown argument is named and the server starts`(argument: String) {
        guard case .serve(let flags, let notice) = parse("--model_name=m", argument) else {
            Issue.record("\(argument) stopped the server")
            return
        }
        #expect(flags.modelName == "m" && flags.port == 8500)
        #expect(notice?.hasPrefix("unknown argument: \(argument)\nusage: ") == true)
    }

    @Test func `help prints the usage only as the first unknown argument`() {
        #expect(parse("--port=1", "--help") == .printUsage(usage: usage, error: nil))
        #expect(parse("--help", "--version") == .printUsage(usage: usage, error: nil))
        guard case .serve(_, let notice) = parse("--other", "--help") else {
            Issue.record("the server did not start")
            return
        }
        #expect(notice == "unknown argument: --other\n\(usage)")
    }

    private var usage: String { ModelServerFlags.usage("/usr/bin/tensorflow_model_server") }

    /// Flags that TensorFlow Serving does not have.
    private let own = [
        "--access_log=", "--adaptive_batching=", "--console=", "--enable_control=", "--flight_recorder_size=",
        "--isolated_models=", "--latency_slo=", "--log_format=", "--store_cache_dir=", "--store_cache_bytes=",
        "--model_checksums=", "--model_fetch_bytes=", "--model_fetch_connections=", "--model_store_poll_seconds=",
        "--model_repository=",
        "--model_settle_ms=", "--op_libraries=", "--otlp_endpoint=", "--pad_models=",
        "--request_log_buffer_megabytes=", "--request_log_file_megabytes=", "--request_log_file_seconds=",
        "--request_log_files=", "--request_metrics=", "--rest_ssl_config_file=", "--slow_request_ms=",
        "--trace_sampling=", "--write_config_back=",
        "--total_model_memory_limit_bytes=", "--model_cache_state=", "--share_weights=", "--model_idle_seconds=",
        "--model_min_resident_seconds=", "--prefetch_models=", "--discover_models=",
        "--api_keys_file=", "--control_host=", "--control_port=", "--max_bytes_in_flight=", "--max_connections=",
        "--rest_api_max_body_bytes=", "--circuit_breaker_failures=", "--circuit_breaker_failure_share=",
        "--placement=", "--devices=", "--devices_file=", "--cpu_groups=", "--circuit_breaker_rest_ms=",
        "--session_target=", "--session_target_timeout_ms=", "--embedding_path_prefixes=", "--embedding_cache_dir=",
        "--embedding_update_bytes=", "--embedding_journal_bytes=", "--embedding_journal_sync=",
        "--embedding_huge_pages=",
    ]

    @Test func `the usage has one line for each of the 48 flags, and for ours`() {
        let lines = usage.split(separator: "\n").dropFirst(2)
        #expect(lines.count == 48 + own.count)
        #expect(own.allSatisfy { flag in lines.contains { $0.hasPrefix("\t\(flag)") } })
        #expect(lines.allSatisfy { $0.hasPrefix("\t--") && $0.split(separator: "\t").count == 3 })
    }

    @Test(arguments: [
        "\t--rest_api_timeout_in_ms=30000   \tint32\t", "\t--model_name=\"default\"           \tstring\t",
        "\t--per_process_gpu_memory_fraction=0.000000\tfloat\t", "\t--enable_profiler=true           \tbool\t",
        "\t--load_retry_interval_micros=60000000\tint64\t", "\t--saved_model_tags=\"serve\"       \tstring\t",
    ])
    func `the usage gives default and type`(line: String) {
        #expect(usage.contains(line))
    }

    @Test func `two dashes end the flags and are unknown themselves`() {
        guard case .serve(let flags, let notice) = parse("--", "--port=1") else {
            Issue.record("not served")
            return
        }
        #expect(flags.port == 8500)
        #expect(notice?.hasPrefix("unknown argument: --\nusage: ") == true)
        // After the two dashes it is not the first unknown argument.
        guard case .serve = parse("--", "--help") else {
            Issue.record("not served")
            return
        }
    }

    @Test func `version wins over everything that parses`() {
        #expect(parse("--model_name=m", "--version", "--other") == .printVersion)
    }

    @Test(arguments: [
        (["--port=0"], "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."),
        (
            ["--port=0", "--use_alts_credentials", "--ssl_config_file=/nowhere"],
            "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."
        ),
        (
            ["--use_alts_credentials", "--ssl_config_file=/nowhere"],
            "Either use_alts_credentials must be false or ssl_config_file must be empty."
        ),
        ([], "Both server_options.model_base_path and server_options.model_config_file are empty!"),
        (
            ["--tensorflow_session_config_file=/nowhere"],
            "Both server_options.model_base_path and server_options.model_config_file are empty!"
        ),
        (
            [
                "--model_base_path=relative", "--tensorflow_session_parallelism=1",
                "--tensorflow_intra_op_parallelism=1", "--tensorflow_inter_op_parallelism=1",
            ],
            "Either configure server_options.tensorflow_session_parallelism or "
                + "(server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) "
                + "separately. You cannot configure all."
        ),
    ])
    func `the first check of the stock server that fails is told in its words`(
        arguments: [String],
        message: String
    ) throws {
        let flags = try served(arguments)
        let error = #expect(throws: ServingError.self) { try flags.configuration() }
        #expect(error == .invalidArgument(message))
    }

    private func served(_ arguments: [String]) throws -> ModelServerFlags {
        let outcome = ModelServerFlags.parse(["server"] + arguments)
        guard case .serve(let flags, notice: nil) = outcome else { throw Refused(outcome: outcome) }
        return flags
    }

    private struct Refused: Error {
        var outcome: ModelServerFlags.Outcome
    }

    @Test func `ALTS is refused instead of plain text`() throws {
        let flags = try served(["--use_alts_credentials", "--model_base_path=/m"])
        let error = #expect(throws: ServingError.self) { try flags.configuration() }
        #expect(error?.code == .unimplemented)
    }

    @Test func `a REST port equal to the gRPC port is skipped with a warning`() throws {
        let configuration = try served(["--rest_api_port=8500", "--model_base_path=/m"]).configuration()
        #expect(configuration.rest.port == nil)
        #expect(configuration.warnings.count == 1)
    }

    @Test(arguments: [
        "--rest_api_num_threads=4", "--grpc_max_threads=4", "--remove_unused_fields_from_bundle_metagraph=false",
        "--skip_initialize_tpu", "--enable_grpc_healthcheck_service=false", "--mixed_precision=float16",
    ])
    func `a flag without effect says so once`(flag: String) throws {
        #expect(try served(["--model_base_path=/m", flag]).configuration().warnings.count == 1)
        #expect(try served(["--model_base_path=/m", flag, flag]).configuration().warnings.count == 1)
    }

    @Test(arguments: ["--enable_grpc_healthcheck_service", "--mixed_precision=bfloat16", "--port=9000"])
    func `a flag with its effect says nothing`(flag: String) throws {
        #expect(try served(["--model_base_path=/m", flag]).configuration().warnings == [])
    }

    @Test(arguments: [
        (["--tensorflow_session_parallelism=4"], 4, 4), (["--tensorflow_intra_op_parallelism=2"], 2, 0),
        (["--tensorflow_inter_op_parallelism=3"], 0, 3),
        (["--tensorflow_session_parallelism=4", "--tensorflow_inter_op_parallelism=3"], 0, 3),
        (["--tensorflow_intra_op_parallelism=1", "--tensorflow_inter_op_parallelism=-1"], 1, 0),
    ])
    func `the flags for one pool replace the flag for both`(
        arguments: [String],
        intraOp: Int64,
        interOp: Int64
    ) throws {
        let engine = try served(["--model_base_path=/m"] + arguments).configuration().engine
        #expect((engine.intraOpParallelism, engine.interOpParallelism) == (intraOp, interOp))
    }
}
