import EngineInterface
import ModelSignatures
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import EngineTensorFlow

@Suite struct SavedModelConfigTests {
    private static let remote = "remote_op_config_rewrite"
    private static let batch = "batch_op_rewriter"

    private func overrides(_ bytes: [UInt8]) throws -> SessionOverrides? {
        try bytes.withUnsafeBytes { try SavedModelConfig.overrides(from: $0) }
    }

    @Test func `session overrides become parameters of optimizers`() throws {
        // session_overrides { remote_op_remap_config { propagate_version: true }
        //                     batch_op_rewriter_config { enable_adaptive_shared_batching_thread_pool: true }
        //                     disable_meta_optimizer: true }, critical: true
        let found = try overrides([10, 10, 10, 2, 32, 1, 18, 2, 32, 1, 24, 1, 24, 1])
        #expect(
            found
                == SessionOverrides(
                    optimizers: [
                        .init(name: Self.remote, parameter: "remote_op_rewrite_config", value: [32, 1]),
                        .init(name: Self.batch, parameter: "batch_op_rewrite_config", value: [32, 1]),
                    ],
                    disablesMetaOptimizer: true
                )
        )
    }

    @Test func `parts that come twice are merged`() throws {
        let found = try overrides([10, 4, 10, 2, 32, 1, 10, 4, 10, 2, 40, 1])
        #expect(found?.optimizers.map(\.value) == [[32, 1, 40, 1]])
    }

    /// Nothing, tfrt_runtime_config, critical.
    @Test(arguments: [[], [18, 0], [24, 1]] as [[UInt8]])
    func `a file without session overrides overrides nothing`(bytes: [UInt8]) throws {
        #expect(try overrides(bytes) == nil)
    }

    @Test(arguments: [[10], [10, 5, 1], [10, 4, 10, 2, 32, 0x80], [10, 3, 10, 9, 1], [0xFF]] as [[UInt8]])
    func `bytes that are no such message are refused`(bytes: [UInt8]) {
        #expect(throws: ProtobufReader.Malformed.self) { try overrides(bytes) }
    }

    @Test func `a file that cannot be read is a warning and the version loads`() throws {
        let copy = try ModelCopy(of: "half_plus_two")
        try copy.write([10, 9], to: "assets.extra/saved_model_config.pb")
        let warnings = Mutex<[String]>([])
        let options = TensorFlowOptions { line in warnings.withLock { $0.append(line) } }
        let model = try TensorFlowEngine(options: options).load(LoadRequest(path: copy.path))
        #expect(try model.answer(["x": .floats([2])])["y"]?.content == Tensor.floats([3]).content)
        let said = warnings.withLock { $0 }
        #expect(said.count == 1)
        #expect(said.first?.contains("Unable to parse SavedModelConfig: \(copy.path)/assets.extra/") == true)
    }

    @Test func `a version with overrides for optimizers that are not there loads and runs`() throws {
        let copy = try ModelCopy(of: "half_plus_two")
        try copy.write([10, 8, 10, 2, 32, 1, 18, 2, 32, 1], to: "assets.extra/saved_model_config.pb")
        let model = try TensorFlowEngine().load(LoadRequest(path: copy.path))
        #expect(try model.answer(["x": .floats([2])])["y"]?.content == Tensor.floats([3]).content)
    }
}
