import Inference
import Servables
import Tensors

/// Writes the request message of a logged call: `PredictRequest`, `ClassificationRequest`, `RegressionRequest` (which are
/// alike) or `MultiInferenceRequest`.
struct LoggedRequestEncoder {
    private enum Kind {
        case predict(PredictRequestFields)
        case examples(ModelSelector, ExampleListEncoder)
        case tasks([MultiInferenceCall.Task], ExampleListEncoder)
    }

    let byteCount: Int
    private let kind: Kind

    init(_ call: PredictCall) {
        let fields = PredictRequestFields(call)
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

/// The fields of a `PredictRequest`.
private struct PredictRequestFields {
    let byteCount: Int
    private let call: PredictCall
    private let tensors: [TensorProtoEncoder]

    init(_ call: PredictCall) {
        self.call = call
        tensors = call.inputs.map { TensorProtoEncoder($0.tensor, .typedFields) }
        var size = WireSize.field(1, length: call.model.wireByteCount)
        for (input, tensor) in zip(call.inputs, tensors) {
            size += WireSize.field(2, length: Self.entryByteCount(input.name, tensor))
        }
        for name in call.outputFilter { size += WireSize.field(3, length: name.utf8.count) }
        byteCount = size
    }

    func write(to writer: inout WireWriter) {
        writer.header(1, length: call.model.wireByteCount)
        call.model.write(to: &writer)
        for (input, tensor) in zip(call.inputs, tensors) {
            writer.header(2, length: Self.entryByteCount(input.name, tensor))
            writer.string(1, input.name)
            writer.header(2, length: tensor.byteCount)
            tensor.write(input.tensor, to: &writer)
        }
        for name in call.outputFilter {
            writer.header(3, length: name.utf8.count)
            writer.bytes(Array(name.utf8))
        }
    }

    /// An entry of the map `inputs`: key (1) and value (2).
    private static func entryByteCount(_ name: String, _ tensor: TensorProtoEncoder) -> Int {
        WireSize.string(1, name) + WireSize.field(2, length: tensor.byteCount)
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

/// A `ModelSpec` as a client asks for it: a version or a label only where it named one.
extension ModelSelector {
    fileprivate var wireByteCount: Int {
        let version =
            switch version {
            case .latest: 0
            case .specific(let number): WireSize.field(2, length: WireSize.number(1, UInt64(bitPattern: number)))
            case .label(let label): WireSize.field(4, length: label.utf8.count)
            }
        return WireSize.string(1, name) + version + WireSize.string(3, signatureName)
    }

    fileprivate func write(to writer: inout WireWriter) {
        writer.string(1, name)
        switch version {
        case .latest: break
        case .specific(let number):
            let number = UInt64(bitPattern: number)
            // There even for version 0.
            writer.header(2, length: WireSize.number(1, number))
            writer.number(1, number)
        case .label(let label):
            writer.header(4, length: label.utf8.count)
            writer.bytes(Array(label.utf8))
        }
        writer.string(3, signatureName)
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
