public import Inference
public import ServingPrimitives

/// Writes `ClassificationResponse` and `RegressionResponse` straight from the engine's outputs.
public struct ExampleResponseEncoder {
    /// Size of the serialized message.
    public let byteCount: Int
    private let answer: any WireAnswer
    private let answerByteCount: Int
    private let modelSpec: ModelSpecEncoder

    /// - Throws: `RESOURCE_EXHAUSTED` when the answer is larger than a protobuf message can be.
    public init(_ result: ClassifyResult) throws(ServingError) {
        try self.init(result.answer, ModelSpecEncoder(result.servable, signatureName: result.signatureName))
    }

    /// - Throws: `RESOURCE_EXHAUSTED` when the answer is larger than a protobuf message can be.
    public init(_ result: RegressResult) throws(ServingError) {
        try self.init(result.answer, ModelSpecEncoder(result.servable, signatureName: result.signatureName))
    }

    private init(_ answer: any WireAnswer, _ modelSpec: ModelSpecEncoder) throws(ServingError) {
        self.answer = answer
        self.modelSpec = modelSpec
        answerByteCount = answer.wireByteCount
        byteCount = try WireSize.checkedMessage(
            WireSize.field(1, length: answerByteCount) + WireSize.field(2, length: modelSpec.byteCount)
        )
    }

    /// Writes the message; `target` holds exactly `byteCount` bytes.
    public func write(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count == byteCount, "the target has \(target.count) bytes, the message \(byteCount)")
        var writer = WireWriter(target)
        writer.header(1, length: answerByteCount)
        answer.write(to: &writer)
        modelSpec.write(2, to: &writer)
        precondition(writer.remaining == 0, "a message shrank after its size was worked out")
    }
}
