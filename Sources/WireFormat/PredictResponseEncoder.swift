public import Inference

/// How tensors of an answer are written.
public enum TensorEncoding: Sendable, Hashable {
    /// `float_val` and its siblings; what TensorFlow Serving does unless told otherwise.
    case typedFields
    /// `tensor_content` (`--enable_serialization_as_tensor_content`).
    case content
}

/// Writes `tensorflow.serving.PredictResponse` straight from the engine's outputs into the response's memory.
public struct PredictResponseEncoder {
    /// Size of the serialized message.
    public let byteCount: Int

    public init(_ result: PredictResult, encoding: TensorEncoding = .typedFields) { fatalError() }

    /// Writes the message; `target` holds exactly `byteCount` bytes.
    public func write(into target: UnsafeMutableRawBufferPointer) { fatalError() }
}
