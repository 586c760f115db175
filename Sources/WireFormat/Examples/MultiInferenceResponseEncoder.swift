public import Inference
public import ServingPrimitives

/// Writes `tensorflow.serving.MultiInferenceResponse` straight from the engine's outputs.
public struct MultiInferenceResponseEncoder {
    /// Size of the serialized message.
    public let byteCount: Int
    private let results: [TaskResultEncoder]

    /// - Throws: `RESOURCE_EXHAUSTED` when the answer is larger than a protobuf message can be.
    public init(_ result: MultiInferenceResult) throws(ServingError) {
        results = result.results.map { task in
            TaskResultEncoder(task.answer, ModelSpecEncoder(result.servable, signatureName: task.signatureName))
        }
        byteCount = try WireSize.checkedMessage(results.reduce(0) { $0 + WireSize.field(1, length: $1.byteCount) })
    }

    /// Writes the message; `target` holds exactly `byteCount` bytes.
    public func write(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count == byteCount, "the target has \(target.count) bytes, the message \(byteCount)")
        var writer = WireWriter(target)
        for result in results {
            writer.header(1, length: result.byteCount)
            result.write(to: &writer)
        }
        precondition(writer.remaining == 0, "a message shrank after its size was worked out")
    }
}

/// Writes one `tensorflow.serving.InferenceResult`.
private struct TaskResultEncoder {
    let byteCount: Int
    private let answer: any WireAnswer
    private let answerField: UInt32
    private let answerByteCount: Int
    private let modelSpec: ModelSpecEncoder

    init(_ answer: MultiInferenceResult.Answer, _ modelSpec: ModelSpecEncoder) {
        switch answer {
        case .classifications(let classifications): (self.answer, answerField) = (classifications, 2)
        case .regressions(let regressions): (self.answer, answerField) = (regressions, 3)
        }
        self.modelSpec = modelSpec
        answerByteCount = self.answer.wireByteCount
        byteCount =
            WireSize.field(1, length: modelSpec.byteCount) + WireSize.field(answerField, length: answerByteCount)
    }

    func write(to writer: inout WireWriter) {
        modelSpec.write(1, to: &writer)
        writer.header(answerField, length: answerByteCount)
        answer.write(to: &writer)
    }
}
