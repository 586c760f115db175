import ServingConfig
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

    @Test(arguments: ["--port=x", "--port=", "--port=1.5", "--port=99999999999", "--version=1", "--version=True"])
    func `a value that does not parse prints the usage`(argument: String) {
        guard case .printUsage(let usage, let error) = parse(argument) else {
            Issue.record("\(argument) was taken")
            return
        }
        #expect(usage.hasPrefix("usage: tensorflow_model_server\nFlags:\n\t--port=8500"))
        #expect(error?.hasPrefix("Couldn't interpret value") == true)
    }

    @Test(arguments: ["--nonsense=1", "-port=1", "--port", "port=1", "--portal=1", "stray"])
    func `an unknown argument is named and the server starts`(argument: String) {
        guard case .serve(let flags, let notice) = parse("--model_name=m", argument) else {
            Issue.record("\(argument) stopped the server")
            return
        }
        #expect(flags.modelName == "m" && flags.port == 8500)
        #expect(notice?.hasPrefix("unknown argument: \(argument)\nusage: ") == true)
    }

    @Test func `help prints the usage only as the first unknown argument`() {
        guard case .printUsage(let usage, error: nil) = parse("--port=1", "--help") else {
            Issue.record("no usage")
            return
        }
        #expect(usage.contains("\t--rest_api_timeout_in_ms=30000   \tint32\t"))
        #expect(usage.contains("\t--model_name=\"default\"           \tstring\t"))
        guard case .serve(_, let notice) = parse("--other", "--help") else {
            Issue.record("the server did not start")
            return
        }
        #expect(notice?.hasPrefix("unknown argument: --other\n") == true)
    }

    @Test func `two dashes end the flags`() {
        guard case .serve(let flags, _) = parse("--", "--port=1") else {
            Issue.record("not served")
            return
        }
        #expect(flags.port == 8500)
    }

    @Test func `version wins over everything else`() {
        #expect(parse("--model_name=m", "--version", "--other") == .printVersion)
    }

    @Test func `no model at all is refused in the stock server's words`() {
        guard case .serve(let flags, nil) = parse() else {
            Issue.record("not served")
            return
        }
        #expect {
            try flags.configuration()
        } throws: {
            "\($0)"
                == "INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config_file are empty!"
        }
    }

    @Test func `a REST port equal to the gRPC port is skipped with a warning`() throws {
        guard case .serve(let flags, nil) = parse("--rest_api_port=8500", "--model_base_path=/m") else {
            Issue.record("not served")
            return
        }
        #expect(try flags.configuration().rest.port == nil)
        #expect(flags.warnings.count == 1)
    }
}
