/// How tensors of an answer are written.
public enum TensorEncoding: Sendable, Hashable {
    /// `float_val` and its siblings; what TensorFlow Serving does unless told otherwise.
    case typedFields
    /// `tensor_content` (`--enable_serialization_as_tensor_content`).
    case content
}
