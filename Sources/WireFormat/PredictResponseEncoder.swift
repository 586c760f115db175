public import Inference
import Servables
public import ServingPrimitives

/// Writes `tensorflow.serving.PredictResponse` straight from the engine's outputs into the response's memory.
///
/// Sizes first, bytes second: protobuf puts the length of every message before its fields, and the caller needs the
/// length of the whole before its memory.
public struct PredictResponseEncoder {
    /// The largest message protobuf can carry: lengths are signed 32-bit numbers.
    public static let maximumByteCount = Int(Int32.max)

    /// Size of the serialized message, at most `maximumByteCount`.
    public let byteCount: Int
    private let result: PredictResult
    private let tensors: [TensorProtoEncoder]

    /// - Throws: `RESOURCE_EXHAUSTED` when the answer is larger than a protobuf message can be.
    public init(_ result: PredictResult, encoding: TensorEncoding = .typedFields) throws(ServingError) {
        var tensors: [TensorProtoEncoder] = []
        tensors.reserveCapacity(result.outputs.count)
        var size = WireSize.field(2, length: Self.modelSpecByteCount(result))
        for output in result.outputs {
            let tensor = TensorProtoEncoder(output.tensor, encoding)
            tensors.append(tensor)
            size += WireSize.field(1, length: Self.entryByteCount(output.name, tensor))
        }
        guard size <= Self.maximumByteCount else {
            throw ServingError(
                .resourceExhausted,
                "The answer has \(size) bytes; a message can have at most \(Self.maximumByteCount)."
                    + " Ask for fewer rows, or for fewer outputs with output_filter."
            )
        }
        self.byteCount = size
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
        writeModelSpec(to: &writer)
        precondition(writer.remaining == 0, "a message shrank after its size was worked out")
    }

    /// An entry of the map `outputs`: key (1) and value (2).
    private static func entryByteCount(_ name: String, _ tensor: TensorProtoEncoder) -> Int {
        WireSize.string(1, name) + WireSize.field(2, length: tensor.byteCount)
    }
}

// MARK: - ModelSpec

extension PredictResponseEncoder {
    private static func modelSpecByteCount(_ result: PredictResult) -> Int {
        WireSize.string(1, result.servable.name)
            + WireSize.field(2, length: WireSize.number(1, UInt64(bitPattern: result.servable.version)))
            + WireSize.string(3, result.signatureName)
    }

    /// The version stands in a wrapper, which is there even for version 0.
    private func writeModelSpec(to writer: inout WireWriter) {
        let version = UInt64(bitPattern: result.servable.version)
        writer.header(2, length: Self.modelSpecByteCount(result))
        writer.string(1, result.servable.name)
        writer.header(2, length: WireSize.number(1, version))
        writer.number(1, version)
        writer.string(3, result.signatureName)
    }
}
