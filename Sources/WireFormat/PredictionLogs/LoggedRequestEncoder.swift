import Inference
import Servables
import Tensors

/// Writes the request message of a logged call: `PredictRequest`, `ClassificationRequest`, `RegressionRequest` (which are
/// alike) or `MultiInferenceRequest`.
struct LoggedRequestEncoder {
    private enum Kind {
        case predict(PredictRequestEncoder)
        case examples(ModelSelector, ExampleListEncoder)
        case tasks([MultiInferenceCall.Task], ExampleListEncoder)
    }

    let byteCount: Int
    private let kind: Kind

    init(_ call: PredictCall) {
        let fields = PredictRequestEncoder(call, encoding: .typedFields)
        kind = .predict(fields)
        byteCount = fields.byteCount
    }

    init(_ call: ExampleCall) {
        let examples = ExampleListEncoder(call.examples)
        kind = .examples(call.model, examples)
        byteCount =
            WireSize.field(1, length: call.model.wireByteCount) + WireSize.field(2, length: examples.byteCount)
    }

    init(_ call: MultiInferenceCall) {
        let examples = ExampleListEncoder(call.examples)
        kind = .tasks(call.tasks, examples)
        byteCount =
            call.tasks.reduce(0) { $0 + WireSize.field(1, length: $1.wireByteCount) }
            + WireSize.field(2, length: examples.byteCount)
    }

    func write(to writer: inout WireWriter) {
        switch kind {
        case .predict(let fields): fields.write(to: &writer)
        case .examples(let model, let examples):
            writer.header(1, length: model.wireByteCount)
            model.write(to: &writer)
            examples.write(2, to: &writer)
        case .tasks(let tasks, let examples):
            for task in tasks {
                writer.header(1, length: task.wireByteCount)
                task.write(to: &writer)
            }
            examples.write(2, to: &writer)
        }
    }
}

/// Writes an `Input` with the examples as they are: a message with an `ExampleList`, whose members are serialized already.
private struct ExampleListEncoder {
    /// Size of the `Input`.
    let byteCount: Int
    private let examples: Tensor
    private let listByteCount: Int

    init(_ examples: Tensor) {
        self.examples = examples
        listByteCount = examples.withStrings { $0.reduce(0) { $0 + WireSize.field(1, length: $1.count) } }
        byteCount = WireSize.field(1, length: listByteCount)
    }

    func write(_ field: UInt32, to writer: inout WireWriter) {
        writer.header(field, length: byteCount)
        writer.header(1, length: listByteCount)
        examples.withStrings { strings in
            for example in strings {
                writer.header(1, length: example.count)
                writer.bytes(UnsafeRawBufferPointer(example.bytes))
            }
        }
    }
}

/// An `InferenceTask`.
extension MultiInferenceCall.Task {
    fileprivate var wireByteCount: Int {
        WireSize.field(1, length: model.wireByteCount) + WireSize.string(2, methodName)
    }

    fileprivate func write(to writer: inout WireWriter) {
        writer.header(1, length: model.wireByteCount)
        model.write(to: &writer)
        writer.string(2, methodName)
    }
}
