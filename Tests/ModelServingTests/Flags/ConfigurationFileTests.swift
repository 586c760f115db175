import Foundation
import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Testing
import WireFormat

@testable import ModelServing

@Suite struct ConfigurationFileTests {
    /// A folder of its own, gone with its last use.
    final class Folder {
        let url: URL

        init() throws {
            url = FileManager.default.temporaryDirectory.appending(path: "apus-config-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ content: some Sequence<UInt8>, to name: String = "config") throws -> String {
            let file = url.appending(path: name)
            try Data(content).write(to: file)
            return file.path
        }
    }

    private let folder: Folder

    init() throws { folder = try Folder() }

    private func read(_ path: String) -> (config: Tensorflow_ConfigProto?, error: ServingError?, reported: String?) {
        var reported: TextFormatError?
        do throws(ServingError) {
            return (try ConfigurationFile.read(path, as: Tensorflow_ConfigProto.self) { reported = $0 }, nil, nil)
        } catch {
            return (nil, error, reported?.description)
        }
    }

    @Test(arguments: ["", "file://"]) func `a file is read`(scheme: String) throws {
        let path = try folder.write("placement_period: 5".utf8)
        #expect(read(scheme + path).config?.placementPeriod == 5)
    }

    @Test func `a wrong text is reported in full and the error names the file`() throws {
        let path = try folder.write("no: 1\nplacement_period: x".utf8)
        let (_, error, reported) = read(path)
        #expect(error == .invalidArgument("Invalid protobuf file: '\(path)'"))
        #expect(
            reported == """
                Error parsing text-format tensorflow.ConfigProto: 1:3: Message type "tensorflow.ConfigProto" has no \
                field named "no".
                Error parsing text-format tensorflow.ConfigProto: 2:19: Expected integer, got: x
                """
        )
    }

    @Test func `a file that is not there is told as TensorFlow tells it`() {
        let path = folder.url.appending(path: "missing").path
        #expect(read(path).error == ServingError(.notFound, "\(path); No such file or directory"))
    }

    @Test func `a folder and a pipe are no files`() throws {
        #expect(read(folder.url.path).error == .invalidArgument("\(folder.url.path) is a folder; expected a file"))
        let pipe = folder.url.appending(path: "pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(read(pipe).error == .invalidArgument("\(pipe) is a named pipe; expected a file"))
    }

    @Test func `bytes that are not UTF-8 are no text`() throws {
        let path = try folder.write([0xFF])
        #expect(read(path).error?.message == "Invalid protobuf file: '\(path)': it is not UTF-8 text")
    }

    @Test func `a file that is too large is not read to its end`() throws {
        let path = try folder.write(Data(count: TextFormat.maximumLength + 1))
        #expect(read(path).error?.message.hasPrefix("\(path) is too large") == true)
    }

    // MARK: Flags

    private func configured(_ arguments: String...) throws -> ServerConfiguration {
        let outcome = ModelServerFlags.parse(["server", "--model_base_path=/m"] + arguments)
        guard case .serve(let flags, nil) = outcome else { throw ServingError.internalError("\(outcome)") }
        return try flags.configuration()
    }

    @Test func `a session configuration is passed on, and flags override it`() throws {
        let path = try folder.write(
            "intra_op_parallelism_threads: 3 inter_op_parallelism_threads: 4 allow_soft_placement: true".utf8
        )
        let flag = "--tensorflow_session_config_file=\(path)"
        let engine = try configured(flag).engine
        #expect((engine.intraOpParallelism, engine.interOpParallelism) == (3, 4))
        let passed = try Tensorflow_ConfigProto(serializedBytes: engine.sessionConfig)
        #expect(passed == .with { $0.allowSoftPlacement = true })

        let overridden = try configured(flag, "--tensorflow_session_parallelism=2").engine
        #expect((overridden.intraOpParallelism, overridden.interOpParallelism) == (2, 2))
        let partly = try configured(flag, "--tensorflow_inter_op_parallelism=2").engine
        #expect((partly.intraOpParallelism, partly.interOpParallelism) == (3, 2))
    }

    private func platform(_ settings: String, type: String = "SavedModelBundleSourceAdapterConfig") throws -> String {
        let text = """
            platform_configs { key: "tensorflow" value { source_adapter_config {
              [type.googleapis.com/tensorflow.serving.\(type)] { \(settings) } } } }
            """
        return "--platform_config_file=\(try folder.write(text.utf8, to: "platform"))"
    }

    @Test func `a platform configuration replaces the flags of the platform`() throws {
        let flag = try platform(
            """
            legacy_config {
              session_config { allow_soft_placement: true }
              batching_parameters { max_batch_size { value: 8 } }
              session_run_load_threadpool_index { value: 1 }
              saved_model_tags: ["a", "b"]
              enable_model_warmup: true
              model_warmup_options { num_request_iterations { value: 3 } }
              prefer_tflite_model: true
              num_tflite_pools: 2
              enable_per_model_batching_params: true
              mixed_precision: "bfloat16"
              enable_session_metadata: true
            }
            """
        )
        let configuration = try configured(
            flag,
            "--tensorflow_session_parallelism=4",
            "--per_process_gpu_memory_fraction=0.5",
            "--saved_model_tags=other",
            "--mixed_precision=float16"
        )
        var expected = ServerConfiguration()
        expected.models = [.init(name: "default", basePath: "/m")]
        expected.engine.sessionConfig = [56, 1]
        expected.engine.loadThreadPool = 1
        expected.engine.mixedPrecision = "bfloat16"
        expected.loading.savedModelTags = ["a", "b"]
        expected.loading.warmsUp = true
        expected.loading.warmUpIterations = 3
        expected.loading.prefersTFLite = true
        expected.loading.tflitePools = 2
        expected.batching = configuration.batching
        expected.warnings = configuration.warnings
        #expect(configuration == expected)
        #expect(configuration.batching?.parameters.maximumBatchSize == 8)
        #expect(configuration.batching?.isPerModel == true)
        #expect(
            configuration.warnings == [
                "SessionBundleConfig: enable_session_metadata is accepted and has no effect",
                "--platform_config_file replaces --mixed_precision, --per_process_gpu_memory_fraction, "
                    + "--saved_model_tags, --tensorflow_session_parallelism",
            ]
        )
    }

    @Test func `what a platform configuration leaves out has the message's defaults`() throws {
        let configuration = try configured(try platform("legacy_config { }"))
        #expect(configuration.loading.savedModelTags == ["serve"])
        #expect(!configuration.loading.warmsUp)
        #expect(configuration.batching == nil)
    }

    @Test(arguments: [
        (
            "", "BatchingParameters",
            "Couldn't find factory for config proto message type tensorflow.serving.BatchingParameters"
        ),
        (
            "legacy_config { enable_saved_model_config: true }", nil,
            "SessionBundleConfig: enable_saved_model_config is not implemented"
        ),
        ("legacy_config { session_target: \"x\" }", nil, "SessionBundleConfig: session_target is x"),
    ])
    func `a platform that cannot be is refused`(settings: String, type: String?, message: String) throws {
        let flag = try platform(settings, type: type ?? "SavedModelBundleSourceAdapterConfig")
        let error = #expect(throws: ServingError.self) { try configured(flag) }
        #expect(error?.message.hasPrefix(message) == true)
    }

    @Test func `a platform map without TensorFlow serves no TensorFlow model`() throws {
        let path = try folder.write([])
        let error = #expect(throws: ServingError.self) { try configured("--platform_config_file=\(path)") }
        #expect(error == .invalidArgument("Model default requests unsupported platform tensorflow"))
    }

    @Test(arguments: [
        ("", "Supplied config's type_url could not be parsed: "),
        (
            "thread_pool_factory_config { type_url: \"a/b\" }",
            "Unable to find compiled-in proto descriptor of type b"
        ),
        (
            "thread_pool_factory_config { [type.googleapis.com/tensorflow.serving.BatchingParameters] { } }",
            "Couldn't find factory for config proto message type tensorflow.serving.BatchingParameters"
        ),
    ])
    func `there is no thread pool factory`(text: String, message: String) throws {
        let path = try folder.write(text.utf8)
        let error = #expect(throws: ServingError.self) {
            try configured("--thread_pool_factory_config_file=\(path)")
        }
        #expect(error?.message == message)
    }
}
