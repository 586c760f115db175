import CLiteRT
import ServingPrimitives
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One interpreter of a model, which does one run at a time.
///
/// It is used as TensorFlow Serving uses TFLite's: inputs are resized to what a request sends, whatever the model states,
/// and written into the interpreter's own memory; outputs are copied out of it. LiteRT is asked to allocate and to run.
final class Interpreter: @unchecked Sendable {
    // Sendable: who took it from its pool has it alone.
    private let compiled: LiteRtCompiledModel
    let context: UnsafeMutablePointer<TfLiteContext>
    let plan: InterpreterPlan
    /// Whether memory is planned for the inputs' present sizes.
    private var isAllocated = false
    /// The tensors whose memory LiteRT must not meet: see `hideStorage`.
    private let boundary: [Int]
    private var hidden: [HiddenStorage] = []
    private var isHiding = false
    private var deadline = Deadline.never
    private var ranOutOfTime = false
    private let outputBuffers: OutputBuffers

    /// The most dimensions that LiteRT's own tensors have. Operations are made for no more.
    static let maximumRank = Int(LITERT_TENSOR_MAX_RANK)

    /// Makes an interpreter and plans its memory for the sizes that the model's file states.
    ///
    /// - Throws: `INTERNAL` in TensorFlow Serving's words, with TFLite's reason.
    init(_ model: LiteRTModelHandle, plan: InterpreterPlan) throws(ServingError) {
        (compiled, context) = try model.compile()
        self.plan = plan
        let tensors = context.pointee.tensors
        boundary = Set(plan.outputs + plan.inputs.filter { tensors[$0].type == kTfLiteString }).sorted()
        do throws(ServingError) {
            outputBuffers = try OutputBuffers(count: plan.outputs.count)
        } catch {
            LiteRtDestroyCompiledModel(compiled)
            throw error
        }
        let this = Unmanaged.passUnretained(self).toOpaque()
        _ = LiteRtSetCompiledModelCancellationFunction(compiled, this) { this in
            // Set above; called only while this interpreter runs.
            Unmanaged<Interpreter>.fromOpaque(this!).takeUnretainedValue().isCancelled()
        }
        try allocate()
    }

    deinit {
        revealStorage()
        LiteRtDestroyCompiledModel(compiled)
    }

    /// Runs the model over `feeds`, tensors by their numbers. Inputs that are not fed are zeros, or empty strings.
    ///
    /// - Returns: a copy of each of the tensors `fetches`.
    /// - Throws: `INVALID_ARGUMENT` for inputs that no TFLite model takes, `DEADLINE_EXCEEDED`, else `INTERNAL` in
    ///   TensorFlow Serving's words, with TFLite's reason.
    func run(
        _ feeds: [(tensor: Int, value: Tensor)],
        fetches: [Int],
        deadline: Deadline
    ) throws(ServingError) -> [Tensor] {
        try check(feeds)
        try resize(feeds)
        for feed in feeds { try write(feed.value, to: feed.tensor) }
        try clearInputs(except: feeds)
        try invoke(deadline)
        var outputs: [Tensor] = []
        outputs.reserveCapacity(fetches.count)
        for fetch in fetches { outputs.append(try copy(of: fetch)) }
        return outputs
    }

    // MARK: Memory

    private func resize(_ feeds: [(tensor: Int, value: Tensor)]) throws(ServingError) {
        if isAllocated, plan.inputs.allSatisfy({ hasShape(dimensions(of: $0, feeds), $0) }) { return }
        isAllocated = false
        try touch(feeds)
        for input in plan.inputs {
            let sizes = dimensions(of: input, feeds).map { Int32(clamping: $0) }
            guard let array = clr_int_array(sizes, Int32(sizes.count)),
                context.pointee.ResizeTensor(context, context.pointee.tensors + input, array) == kTfLiteOk
            else { throw failure("Failed to resize input tensor: \(name(of: input))") }
        }
        try allocate()
    }

    /// Makes LiteRT plan memory anew. It does so only when an input changes its size through LiteRT, and that takes
    /// neither scalars nor all models; so one input is resized to something else first.
    private func touch(_ feeds: [(tensor: Int, value: Tensor)]) throws(ServingError) {
        guard !plan.inputs.isEmpty else { return }
        var size: Int32 = 1
        for input in plan.inputs where hasShape([1], input) { size = 2 }
        guard
            LiteRtCompiledModelResizeInputTensorNonStrict(compiled, plan.entryPoint, 0, &size, 1) == kLiteRtStatusOk
        else { throw failure("Failed to resize input tensor: \(name(of: plan.inputs[0]))") }
    }

    private func allocate() throws(ServingError) {
        // LiteRT writes as many sizes for each output as that has, whatever the room for them.
        let room = plan.outputs.count + 32
        let status = withUnsafeTemporaryAllocation(of: LiteRtLayout.self, capacity: room) { layouts in
            LiteRtGetCompiledModelOutputTensorLayouts(
                compiled,
                plan.entryPoint,
                plan.outputs.count,
                layouts.baseAddress,
                true
            )
        }
        guard status == kLiteRtStatusOk else { throw failure("Failed to allocate tensors") }
        isAllocated = true
    }

    private func dimensions(of input: Int, _ feeds: [(tensor: Int, value: Tensor)]) -> [Int] {
        if let feed = feeds.first(where: { $0.tensor == input }) { return feed.value.shape.dimensions }
        return plan.inputs.firstIndex(of: input).map { plan.inputShapes[$0] } ?? []
    }

    // MARK: Running

    private func invoke(_ deadline: Deadline) throws(ServingError) {
        guard !deadline.hasPassed(at: .now()) else { throw .deadlineExceeded("Timed out waiting for notification") }
        self.deadline = deadline
        ranOutOfTime = false
        hideStorage()
        let status = outputBuffers.run(compiled, plan)
        revealStorage()
        guard status != kLiteRtStatusOk else { return }
        if ranOutOfTime { throw .deadlineExceeded("Timed out waiting for notification") }
        throw failure("Failed to invoke TfLite interpreter")
    }

    /// Called before each operation of a run.
    private func isCancelled() -> Bool {
        if isHiding { revealStorage() }
        guard !deadline.isNever, deadline.hasPassed(at: .now()) else { return false }
        ranOutOfTime = true
        return true
    }

    /// LiteRT insists on memory of its own for outputs, of a size fixed before the run, which tensors of unknown size do
    /// not have; and plans all memory anew when an input is of a kind that allocates by itself, as strings are. Both
    /// would leave tensors in places where TFLite's plan does not have them. So before LiteRT's preparations outputs and
    /// string inputs are made to look like planned memory of numbers, which it may replace or leave alone, without bytes,
    /// for which any memory will do; before the first operation everything is as TFLite planned it. Strings must not look
    /// like strings: LiteRT would copy those of outputs afterwards, and fail where they do not fit.
    private func hideStorage() {
        hidden.removeAll(keepingCapacity: true)
        for index in boundary {
            let tensor = tensor(index)
            hidden.append(HiddenStorage(tensor: index, of: tensor.pointee))
            tensor.pointee.type = kTfLiteFloat32
            tensor.pointee.allocation_type = kTfLiteArenaRw
            tensor.pointee.bytes = 0
        }
        isHiding = true
    }

    private func revealStorage() {
        guard isHiding else { return }
        isHiding = false
        for storage in hidden {
            let tensor = tensor(storage.tensor)
            tensor.pointee.type = storage.type
            tensor.pointee.allocation_type = storage.allocationType
            tensor.pointee.data = storage.data
            tensor.pointee.bytes = storage.bytes
        }
    }

    private struct HiddenStorage {
        let tensor: Int
        let type: TfLiteType
        let allocationType: TfLiteAllocationType
        let data: UnsafeMutableRawPointer?
        let bytes: Int

        init(tensor: Int, of content: TfLiteTensor) {
            self.tensor = tensor
            type = content.type
            allocationType = content.allocation_type
            data = content.data
            bytes = content.bytes
        }
    }

    /// TensorFlow Serving's words with what TFLite had to say since the last failure.
    private func failure(_ text: String) -> ServingError {
        var reason: UnsafeMutablePointer<CChar>?
        _ = LiteRtCompiledModelGetErrorMessages(compiled, &reason)
        _ = LiteRtCompiledModelClearErrors(compiled)
        defer { free(reason) }
        let lines = reason.map { String(cString: $0) }?.split(separator: "\n").joined(separator: "\n") ?? ""
        return .internalError(lines.isEmpty ? text : "\(text)\n\(lines)")
    }
}
