public import Inference
public import ServingPrimitives

/// Writes `tensorflow.serving.PredictResponse` straight from the engine's outputs into the response's memory.
///
/// Sizes first, bytes second: protobuf puts the length of every message before its fields, and the caller needs the
/// length of the whole before its memory.
public struct PredictResponseEncoder {
    /// The largest message protobuf can carry: lengths are signed 32-bit numbers.
    public static let maximumByteCount = WireSize.maximumMessage

    /// Size of the serialized message, at most `maximumByteCount`.
    public let byteCount: Int
    private let result: PredictResult
    private let tensors: [TensorProtoEncoder]
    private let modelSpec: ModelSpecEncoder

    /// - Throws: `RESOURCE_EXHAUSTED` when the answer is larger than a protobuf message can be.
    public init(_ result: PredictResult, encoding: TensorEncoding = .typedFields) throws(ServingError) {
        var tensors: [TensorProtoEncoder] = []
        tensors.reserveCapacity(result.outputs.count)
        let modelSpec = ModelSpecEncoder(result.servable, signatureName: result.signatureName)
        var size = WireSize.field(2, length: modelSpec.byteCount)
        for output in result.outputs {
            let tensor = TensorProtoEncoder(output.tensor, encoding)
            tensors.append(tensor)
            size += WireSize.field(1, length: Self.entryByteCount(output.name, tensor))
        }
        self.byteCount = try WireSize.checkedMessage(size)
        self.modelSpec = modelSpec
        self.result = result
        self.tensors = tensors
    }

    /// Writes the message; `target` holds exactly `byteCount` bytes.
    public func write(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count == byteCount, "the target has \(target.count) bytes, the message \(byteCount)")
        var writer = WireWriter(target)
        for (output, tensor) in zip(result.outputs, tensors) {
            writer.header(1, length: Self.entryByteCount(output.name, tensor))
            writer.string(1, output.name)
            writer.header(2, length: tensor.byteCount)
            tensor.write(output.tensor, to: &writer)
        }
        modelSpec.write(2, to: &writer)
        precondition(writer.remaining == 0, "a message shrank after its size was worked out")
    }

    /// An entry of the map `outputs`: key (1) and value (2).
    private static func entryByteCount(_ name: String, _ tensor: TensorProtoEncoder) -> Int {
        WireSize.string(1, name) + WireSize.field(2, length: tensor.byteCount)
    }
}
