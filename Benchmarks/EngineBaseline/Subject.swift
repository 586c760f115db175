import CTensorFlow
import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors

/// A loaded model with the inputs of one run, and two ways to run it.
final class Subject: @unchecked Sendable {
    // Sendable: nothing changes after it is made, and sessions and tensors may be used by several threads.
    private let model: TensorFlowModel
    private let handles: TensorFlowModel.Handles
    private let request: RunRequest
    /// TensorFlow's tensors over the memory of `request.inputs`, made once.
    private let inputs: [OpaquePointer?]

    init(
        model path: String,
        signature name: String,
        rows: Int,
        integerLimit: Int,
        options: TensorFlowOptions
    ) throws {
        model = try TensorFlowEngine(options: options).loadModel(LoadRequest(path: path))
        guard let index = model.signatures.firstIndex(where: { $0.name == name }) else {
            throw ServingError.notFound("the model has no signature \(name)")
        }
        let signature = model.signatures[index]
        let tensors = try signature.inputs.map { try Self.tensor(for: $0, rows: rows, integerLimit: integerLimit) }
        request = RunRequest(signature: index, inputs: tensors, outputs: Array(signature.outputs.indices))
        handles = model.handles(of: index)
        inputs = try tensors.map { try InputTensor.make($0).handle }
        // Fails here, with a reason, if it fails.
        _ = try model.run(request)
    }

    /// The least a caller of the C API can do: run in this thread, delete the outputs.
    func runBare() {
        withUnsafeTemporaryAllocation(of: OpaquePointer?.self, capacity: handles.fetches.count) { outputs in
            outputs.initialize(repeating: nil)
            TF_SessionRun(
                handles.session,
                handles.runOptions,
                handles.feeds,
                inputs,
                Int32(inputs.count),
                handles.fetches,
                outputs.baseAddress,
                Int32(outputs.count),
                nil,
                0,
                nil,
                ctf_thread_status()
            )
            for case let output? in outputs { TF_DeleteTensor(output) }
        }
    }

    func runEngine() { _ = try? model.run(request) }

    /// Ones, whole numbers below the limit, or strings of one letter. The first open dimension becomes `rows`, others 1.
    private static func tensor(
        for parameter: Signature.Parameter,
        rows: Int,
        integerLimit: Int
    ) throws -> Tensor {
        guard let type = parameter.elementType else {
            throw ServingError(.unimplemented, "input \(parameter.name) is of a type that requests cannot carry")
        }
        var sizes = parameter.shape ?? [rows]
        if let open = sizes.firstIndex(of: -1) { sizes[open] = rows }
        let shape = try TensorShape(sizes.map { $0 < 0 ? 1 : $0 })
        guard type != .string else {
            return try Tensor(shape, strings: Array(repeating: [0x78], count: shape.elementCount))
        }
        var buffer = try TensorBuffer(type, shape)
        buffer.withUnsafeMutableBytes { bytes in
            switch type {
            case .float32: bytes.bindMemory(to: Float.self).update(repeating: 1)
            case .float64: bytes.bindMemory(to: Double.self).update(repeating: 1)
            default:
                // Whole numbers are little endian.
                bytes.initializeMemory(as: UInt8.self, repeating: 0)
                let width = bytes.count / max(shape.elementCount, 1)
                var state: UInt32 = 1
                for index in 0..<shape.elementCount {
                    // Numerical Recipes' generator; its high bits are the good ones.
                    state = state &* 1_664_525 &+ 1_013_904_223
                    var value = (state >> 8) % UInt32(integerLimit)
                    for byte in 0..<min(width, 4) {
                        bytes[index * width + byte] = UInt8(truncatingIfNeeded: value)
                        value >>= 8
                    }
                }
            }
        }
        return buffer.freeze()
    }
}
