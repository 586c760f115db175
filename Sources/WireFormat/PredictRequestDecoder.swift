public import Inference
public import ServingPrimitives

/// Reads `tensorflow.serving.PredictRequest` in one pass over the received bytes, without a generated message.
public enum PredictRequestDecoder {
    /// - Parameters:
    ///   - bytes: the serialized message. Tensors whose elements lie in it densely (`tensor_content`, packed `float_val`
    ///     and the like) become views of it; others are decoded into memory of their own.
    ///   - owner: keeps `bytes` alive and unchanged as long as a tensor refers to it.
    /// - Throws: `INVALID_ARGUMENT` with what was wrong and what was expected.
    public static func decode(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(ServingError) -> PredictCall {
        fatalError()
    }

    /// Where in a serialized request the first large tensor payload starts, read from its first bytes; `nil` when they
    /// do not tell. Lets a receive buffer be laid out so that the payload is aligned for the engine.
    public static func payloadOffset(inPrefix prefix: UnsafeRawBufferPointer) -> Int? { fatalError() }
}
