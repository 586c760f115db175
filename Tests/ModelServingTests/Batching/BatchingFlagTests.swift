import Batching
import Foundation
import Inference
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Testing

@testable import ModelServing

@Suite struct BatchingFlagTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    private func write(_ text: String, _ name: String = "batching.txt") throws -> String {
        let path = "\(folder)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func batching(_ arguments: String...) throws -> ServerConfiguration.Batching? {
        let outcome = ModelServerFlags.parse(["server", "--model_base_path=/m"] + arguments)
        guard case .serve(let flags, notice: nil) = outcome else {
            Issue.record("\(outcome)")
            return nil
        }
        return try flags.configuration().batching
    }

    @Test func `without the flag nothing is batched`() throws {
        #expect(try batching() == nil)
        #expect(try batching("--enable_per_model_batching_parameters") == nil)
    }

    @Test func `without a file the defaults count`() throws {
        let batching = try #require(try batching("--enable_batching"))
        var expected = ServerConfiguration.Batching()
        expected.parameters.threadPoolName = "model_server_batch_threads"
        #expect(batching == expected)
        let options = try batching.parameters.options()
        #expect(options.limits.maximumTaskSize == 1000 && options.limits.maximumBatchSize == 1000)
        #expect(options.limits.maximumWaitNanoseconds == 0 && options.limits.maximumEnqueuedBatches == 10)
        #expect(!options.limits.splitsTasks && options.allowedBatchSizes.isEmpty && !options.padsVariableLengthInputs)
    }

    @Test func `every field of a file counts`() throws {
        let path = try write(
            """
            max_batch_size { value: 128 }
            batch_timeout_micros: { value: 7 }
            max_enqueued_batches { value: 3 }
            num_batch_threads { value: 5 }
            thread_pool_name { value: "pool" }
            allowed_batch_sizes: [8, 64]
            allowed_batch_sizes: 128
            pad_variable_length_inputs: true
            enable_large_batch_splitting { value: true }
            max_execution_batch_size { value: 64 }
            """
        )
        let read = try batching(
            "--enable_batching",
            "--batching_parameters_file=\(path)",
            "--enable_per_model_batching_parameters"
        )
        let batching = try #require(read)
        #expect(batching.isPerModel)
        #expect(batching.parameters.batchThreads == 5 && batching.parameters.threadPoolName == "pool")
        let options = try batching.parameters.options()
        #expect(options.limits.maximumTaskSize == 128 && options.limits.maximumBatchSize == 64)
        #expect(options.limits.maximumWaitNanoseconds == 7000 && options.limits.maximumEnqueuedBatches == 3)
        #expect(options.limits.splitsTasks && options.padsVariableLengthInputs)
        #expect(options.allowedBatchSizes == [8, 64, 128])
    }

    @Test func `a file without a name for the threads leaves that to the default`() throws {
        let path = try write("max_batch_size { value: 2 }")
        let batching = try batching("--enable_batching", "--batching_parameters_file=\(path)")
        #expect(batching?.parameters.threadPoolName == nil)
    }

    @Test func `a file without the flag is refused in the stock server's words`() throws {
        let path = try write("")
        #expect(
            throws: ServingError.invalidArgument(
                "server_options.batching_parameters_file is set without setting server_options.enable_batching to true."
            )
        ) { try batching("--batching_parameters_file=\(path)") }
    }

    @Test func `a broken file is named`() throws {
        let path = try write("max_batch_size: 128")
        #expect(throws: ServingError.invalidArgument("Invalid protobuf file: '\(path)'")) {
            try batching("--enable_batching", "--batching_parameters_file=\(path)")
        }
    }

    @Test func `a platform file can say how to batch`() throws {
        func platform(_ fields: String) throws -> ServerConfiguration.Batching? {
            let path = try write(
                """
                platform_configs {
                  key: "tensorflow"
                  value { source_adapter_config {
                    [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] {
                      legacy_config { \(fields) }
                    }
                  } }
                }
                """
            )
            return try batching("--platform_config_file=\(path)", "--enable_batching")
        }
        #expect(try platform("") == nil, "the flags do not count then")
        let read = try platform(
            "batching_parameters { max_batch_size { value: 3 } } enable_per_model_batching_params: true"
        )
        #expect(read?.parameters.maximumBatchSize == 3 && read?.isPerModel == true)
    }

    struct ProblemCase: Sendable {
        var change: @Sendable (inout ServerConfiguration.BatchingParameters) -> Void
        var text: String
    }

    @Test(arguments: [
        ProblemCase(
            change: { $0.allowedBatchSizes = [4, 8] },
            text: "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected 1000"
        ),
        ProblemCase(
            change: {
                $0.maximumBatchSize = 16
                $0.allowedBatchSizes = [4, 32]
            },
            text: "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 32; expected 16"
        ),
        ProblemCase(
            change: { $0.maximumBatchSize = 0 },
            text: "input_batch_size_limit must be positive; was 0"
        ),
        ProblemCase(
            change: { $0.batchTimeoutMicroseconds = -1 },
            text: "batch_timeout_micros must be non-negative; was -1"
        ),
        ProblemCase(
            change: {
                $0.maximumEnqueuedBatches = 0
                $0.splitsLargeBatches = true
            },
            text: "max_enqueued_batches must be positive; was 0"
        ),
        ProblemCase(
            change: {
                $0.maximumBatchSize = 16
                $0.maximumExecutionBatchSize = 17
                $0.splitsLargeBatches = true
            },
            text: "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
                + "max_execution_batch_size. They are 16 and 17."
        ),
        ProblemCase(change: { $0.batchThreads = 0 }, text: "num_batch_threads must be positive; was 0"),
    ])
    func `each problem of the parameters is told`(_ example: ProblemCase) throws {
        var configuration = ServerConfiguration()
        var batching = ServerConfiguration.Batching()
        example.change(&batching.parameters)
        configuration.batching = batching
        #expect(configuration.problems() == [.invalidArgument(example.text)])
        guard batching.parameters.batchThreads == nil else { return }
        #expect(throws: ServingError.invalidArgument(example.text)) { try batching.parameters.options() }
        batching.isPerModel = true
        configuration.batching = batching
        #expect(configuration.problems().isEmpty, "parameters that no version uses")
    }

    @Test func `no queue is shorter than one batch`() throws {
        var parameters = ServerConfiguration.BatchingParameters()
        parameters.maximumEnqueuedBatches = 0
        #expect(try parameters.options().limits.maximumEnqueuedBatches == 1)
        parameters.maximumExecutionBatchSize = 5000
        #expect(try parameters.options().limits.maximumBatchSize == 1000, "only counts when splitting")
    }

    // MARK: Parameters of a version

    private func perModel() throws -> ModelScheduling {
        var configuration = ServerConfiguration()
        var batching = ServerConfiguration.Batching()
        batching.isPerModel = true
        // They would fail the load of every version, were they not replaced.
        batching.parameters.allowedBatchSizes = [1]
        configuration.batching = batching
        return try ModelScheduling(configuration, threadCount: 1, metrics: ServerMetrics())
    }

    private let version = ServableID(name: "m", version: 1)

    @Test func `a version without the file is left to the scheduler, one with it is not`() throws {
        let scheduling = try perModel()
        defer { scheduling.shutdown() }
        #expect(try scheduling.queues(for: version, in: folder).rules == .adaptive(pads: false))
        let path = try write("max_batch_size { value: 4 }", "batching_params.pbtxt")
        guard case .parameters(let options) = try scheduling.queues(for: version, in: folder).rules else {
            Issue.record("\(path) is not read")
            return
        }
        #expect(options.limits.maximumTaskSize == 4)
    }

    @Test func `the scheduler is told of objectives and padding, and can be kept from batching`() throws {
        var configuration = ServerConfiguration()
        configuration.scheduling.objectives = try LatencyObjectives("m=5ms")
        configuration.scheduling.paddedModels = ["m"]
        let scheduling = try ModelScheduling(configuration, threadCount: 1, metrics: ServerMetrics())
        defer { scheduling.shutdown() }
        let queues = try scheduling.queues(for: version, in: folder)
        #expect(queues.rules == .adaptive(pads: true) && queues.objective == 5_000_000)
        let other = try scheduling.queues(for: ServableID(name: "other", version: 1), in: folder)
        #expect(other.rules == .adaptive(pads: false) && other.objective == nil)
        configuration.scheduling.batches = false
        let alone = try ModelScheduling(configuration, threadCount: 1, metrics: ServerMetrics())
        defer { alone.shutdown() }
        #expect(try alone.queues(for: version, in: folder).rules == .alone)
    }

    @Test func `a version's broken file fails its load with all problems`() throws {
        let scheduling = try perModel()
        defer { scheduling.shutdown() }
        let path = try write("max_batch_size { value: x }\nno_such_field: 1\n", "batching_params.pbtxt")
        do {
            _ = try scheduling.queues(for: version, in: folder)
            Issue.record("taken")
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(error.message.hasPrefix("Invalid protobuf file: '\(path)'\n"))
            #expect(error.message.contains("tensorflow.serving.BatchingParameters: 1:25:"))
            #expect(error.message.contains("no_such_field"))
        }
        _ = try write("allowed_batch_sizes: 3", "batching_params.pbtxt")
        #expect(
            throws: ServingError.invalidArgument(
                "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 3; expected 1000"
            )
        ) { try scheduling.queues(for: version, in: folder) }
    }
}
