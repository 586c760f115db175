import CLiteRT
import ServingPrimitives
import Synchronization

/// Owns a model of LiteRT's and the bytes it is made of.
final class LiteRTModelHandle: @unchecked Sendable {
    // Sendable: `compiling` guards what is made of the model.
    private let environment: LiteRtEnvironment
    private let model: LiteRtModel
    private let bytes: ModelBytes
    private let compiling = Mutex(())

    /// - Throws: `INVALID_ARGUMENT` in TensorFlow Serving's words when LiteRT does not take the bytes for a model.
    init(_ bytes: ModelBytes, _ library: LiteRTLibrary) throws(ServingError) {
        var model: LiteRtModel?
        let content = bytes.content
        guard let start = content.baseAddress,
            LiteRtCreateModelFromBuffer(library.environment, start, content.count, &model) == kLiteRtStatusOk,
            let model
        else { throw .invalidArgument("Cannot build FlatBufferModel from buffer.") }
        self.model = model
        self.bytes = bytes
        environment = library.environment
    }

    deinit { LiteRtDestroyModel(model) }

    /// An interpreter of the model, and the context of its first subgraph. One at a time: LiteRT may change the model.
    func compile() throws(ServingError) -> (LiteRtCompiledModel, UnsafeMutablePointer<TfLiteContext>) {
        try compiling.withLock { _ throws(ServingError) in
            var options: LiteRtOptions?
            guard LiteRtCreateOptions(&options) == kLiteRtStatusOk, let options else {
                throw .internalError("LiteRT made no options")
            }
            defer { LiteRtDestroyOptions(options) }
            guard LiteRtSetOptionsHardwareAccelerators(options, Int32(kLiteRtHwAcceleratorCpu)) == kLiteRtStatusOk,
                clr_add_text_options(options, "xnnpack", Self.cpuOptions.text) == kLiteRtStatusOk,
                clr_add_text_options(options, "runtime_options_string", Self.runtimeOptions.text) == kLiteRtStatusOk
            else { throw .internalError("LiteRT does not take its options") }
            var compiled: LiteRtCompiledModel?
            var context: UnsafeMutablePointer<TfLiteContext>?
            guard
                clr_create_compiled_model(environment, model, options, &compiled, &context) == kLiteRtStatusOk,
                let compiled
            else { throw .internalError("Cannot build Interpreter from buffer.") }
            guard let context else {
                LiteRtDestroyCompiledModel(compiled)
                throw .internalError("LiteRT made an interpreter that cannot be looked into")
            }
            return (compiled, context)
        }
    }

    /// Whole runs keep the cores busy; sharing one out costs more CPU.
    private static let cpuOptions = OptionText("num_threads = 1\n")
    /// kLiteRtErrorReporterModeBuffer: errors are kept as text and not written to standard error.
    private static let runtimeOptions = OptionText("error_reporter_mode = 2\n")
}

/// A text of options, which LiteRT keeps a pointer to.
private struct OptionText: @unchecked Sendable {
    // Sendable: never changed, never freed.
    let text: UnsafePointer<CChar>

    init(_ text: StaticString) {
        self.text = UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
