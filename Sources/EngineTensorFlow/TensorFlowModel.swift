import CTensorFlow
package import EngineInterface
package import ServingPrimitives
import Synchronization
package import Tensors

/// A SavedModel in memory, run by a TensorFlow session.
package final class TensorFlowModel: LoadedModel {
    package let signatures: [Signature]
    let session: TensorFlowSession
    let bound: [SessionSignature]
    /// Whether operations run on TensorFlow's pool even when nothing needs them to.
    private let usesPool: Bool
    let mayRunLong: Bool
    /// How long a run may take in any case, in nanoseconds; `nil` in this process, where a run ends some time.
    private let runLimit: UInt64?
    /// Where the graph has operations of ours, what they need.
    private let host: OperationHost?
    /// The folder it was loaded from, where that is not the version's own: its assets may be read at any time.
    private let shadow: ShadowFolder?
    /// Sets of signatures that were run together.
    let jointRuns = JointRuns()
    let inCallingThread = RunOptions(SessionConfiguration.inCallingThread)
    private let measuresFirstRun: Bool
    private let hasRun = Atomic<Bool>(false)
    private let copied = Atomic<Int>(0)
    /// -1 while they are not known.
    private let prepared = Atomic<Int>(-1)

    init(
        session: TensorFlowSession,
        signatures: [SessionSignature],
        usesPool: Bool,
        mayRunLong: Bool,
        runLimit: UInt64? = nil,
        host: OperationHost? = nil,
        shadow: ShadowFolder? = nil,
        measuresFirstRun: Bool
    ) {
        self.session = session
        self.bound = signatures
        self.signatures = signatures.map(\.signature)
        self.usesPool = usesPool
        self.mayRunLong = mayRunLong
        self.runLimit = runLimit
        self.host = host
        self.shadow = shadow
        self.measuresFirstRun = measuresFirstRun
    }

    /// Bytes of inputs that had to be copied so far: those of strings, and of tensors whose memory is not aligned.
    package var copiedInputBytes: Int { copied.load(ordering: .relaxed) }

    package var preparedBytes: Int? {
        let bytes = prepared.load(ordering: .relaxed)
        return bytes >= 0 ? bytes : nil
    }

    package func run(_ request: RunRequest) throws(ServingError) -> [Tensor] {
        let signature = try signature(for: request)
        guard let selection = try signature.selection(for: request.outputs) else {
            return try run(request, request.inputs, signature.feeds, signature.fetches)
        }
        let tensors = try run(request, request.inputs, signature.feeds, selection.map { signature.fetches[$0] })
        // Each output asked for is in its selection.
        return request.outputs.map { tensors[selection.firstIndex(of: $0)!] }
    }

    /// The signature that `request` is for, which takes its inputs.
    func signature(for request: RunRequest) throws(ServingError) -> SessionSignature {
        let signature = bound[request.signature]
        guard request.inputs.count == signature.feeds.count else {
            throw .internalError(
                "signature \(signature.signature.name) takes \(signature.feeds.count) inputs, not \(request.inputs.count)"
            )
        }
        if let refusal = signature.inputRefusal { throw refusal }
        return signature
    }

    package var externalBytes: Int { host?.tables?.byteCount ?? 0 }

    package func close() {
        SystemAllocator.givingBack { session.end() }
        host?.tables?.close()
        shadow?.remove()
    }

    /// Feeds `tensors` to `feeds` and fetches `fetches`, in the way that `request` asks for.
    func run(
        _ request: RunRequest,
        _ tensors: [Tensor],
        _ feeds: [TF_Output],
        _ fetches: [TF_Output]
    ) throws(ServingError) -> [Tensor] {
        guard let host else { return try runGraph(request, tensors, feeds, fetches) }
        let context = RunContext(deadline: request.deadline, host: host)
        do throws(ServingError) {
            return try context.whileCurrent { () throws(ServingError) in
                try runGraph(request, tensors, feeds, fetches)
            }
        } catch {
            throw context.cause(of: error)
        }
    }

    private func runGraph(
        _ request: RunRequest,
        _ tensors: [Tensor],
        _ feeds: [TF_Output],
        _ fetches: [TF_Output]
    ) throws(ServingError) -> [Tensor] {
        let options = try options(for: request)
        // The first run prepares the graph, which needs several times its memory for a time.
        if !hasRun.load(ordering: .relaxed), !hasRun.exchange(true, ordering: .relaxed) {
            return try prepare { () throws(ServingError) in try run(tensors, feeds, fetches, options, request.trace) }
        }
        return try run(tensors, feeds, fetches, options, request.trace)
    }

    private func prepare(_ run: () throws(ServingError) -> [Tensor]) throws(ServingError) -> [Tensor] {
        guard measuresFirstRun else { return try SystemAllocator.givingBack(run) }
        let (outputs, growth) = try SystemAllocator.measuring(run)
        if let growth {
            let lent = outputs.reduce(0) { $0 + $1.byteCount }
            prepared.store(max(growth - lent, 0), ordering: .relaxed)
        }
        return outputs
    }

    /// The run itself, with places for the tensors it takes and gives.
    private func run(
        _ tensors: [Tensor],
        _ feeds: [TF_Output],
        _ fetches: [TF_Output],
        _ options: RunOptions?,
        _ trace: RunTrace?
    ) throws(ServingError) -> [Tensor] {
        let result = withUnsafeTemporaryAllocation(
            of: OpaquePointer?.self,
            capacity: feeds.count + fetches.count
        ) { handles in
            handles.initialize(repeating: nil)
            let inputs = handles.extracting(..<feeds.count)
            let outputs = handles.extracting(feeds.count...)
            return Result { () throws(ServingError) in
                try run(tensors, feeds, inputs, fetches, outputs, options, trace)
            }
        }
        return try result.get()
    }

    private func run(
        _ tensors: [Tensor],
        _ feeds: [TF_Output],
        _ inputs: UnsafeMutableBufferPointer<OpaquePointer?>,
        _ fetches: [TF_Output],
        _ outputs: UnsafeMutableBufferPointer<OpaquePointer?>,
        _ options: RunOptions?,
        _ trace: RunTrace?
    ) throws(ServingError) -> [Tensor] {
        defer { for case let input? in inputs { TF_DeleteTensor(input) } }
        for index in inputs.indices {
            let (handle, copiedBytes) = try InputTensor.make(tensors[index])
            inputs[index] = handle
            if copiedBytes > 0 { copied.add(copiedBytes, ordering: .relaxed) }
        }
        let metadata = trace.map { _ in TF_NewBuffer() }
        defer { if let metadata { TF_DeleteBuffer(metadata) } }
        // TF_SessionRun sets the status in any case, so a used one will do.
        let status = ctf_thread_status()
        TF_SessionRun(
            session.handle,
            options?.buffer,
            feeds,
            inputs.baseAddress,
            Int32(feeds.count),
            fetches,
            outputs.baseAddress,
            Int32(fetches.count),
            nil,
            0,
            metadata,
            status
        )
        if let trace, let metadata { Self.add(metadata, to: trace) }
        if let error = ServingError(status) { throw error }
        return try take(outputs)
    }

    /// Passes on what TensorFlow wrote of a run. What cannot be read is left out: a profile is no reason to fail a run.
    private static func add(_ metadata: UnsafeMutablePointer<TF_Buffer>, to trace: RunTrace) {
        let bytes = UnsafeRawBufferPointer(start: metadata.pointee.data, count: metadata.pointee.length)
        guard let operations = try? StepStats.operations(inRunMetadata: bytes) else { return }
        trace.add(operations)
    }

    /// Makes our tensors of TensorFlow's. If one cannot be, all are deleted.
    private func take(_ outputs: UnsafeMutableBufferPointer<OpaquePointer?>) throws(ServingError) -> [Tensor] {
        defer { for case let output? in outputs { TF_DeleteTensor(output) } }
        var tensors: [Tensor] = []
        tensors.reserveCapacity(outputs.count)
        for index in outputs.indices {
            guard let handle = outputs[index] else { throw .internalError("TensorFlow gave no output \(index)") }
            outputs[index] = nil
            tensors.append(try OutputTensor.take(handle))
        }
        return tensors
    }

    /// How TensorFlow shall run it: in this thread, which is cheapest, or on its pool, where it can be stopped.
    ///
    /// - Throws: `DEADLINE_EXCEEDED` when it is too late to begin.
    private func options(for request: RunRequest) throws(ServingError) -> RunOptions? {
        guard request.trace != nil else { return try untracedOptions(for: request) }
        let options = try untracedOptions(for: request)
        return RunOptions((options?.bytes ?? []) + SessionConfiguration.traced(onCluster: runLimit != nil))
    }

    private func untracedOptions(for request: RunRequest) throws(ServingError) -> RunOptions? {
        if host != nil { return try optionsWithOperations(for: request) }
        guard !request.deadline.isNever else {
            if let runLimit { return Self.options(stoppingAfter: runLimit) }
            return usesPool ? nil : inCallingThread
        }
        let remaining = request.deadline.remaining(at: .now())
        guard remaining > 0 else { throw .deadlineExceeded("Timed out waiting for notification") }
        if let runLimit { return Self.options(stoppingAfter: min(remaining, runLimit)) }
        // What is expected to be in time need not be stopped; a graph that may run for ever always can be.
        let isShort =
            request.expectedNanoseconds > 0 && request.expectedNanoseconds <= max(Self.shortRunNanoseconds, remaining)
        if isShort, !mayRunLong, !usesPool { return inCallingThread }
        return Self.options(stoppingAfter: remaining)
    }

    /// Always in the thread that calls, whose run the operations belong to. What may take long ends by itself at the deadline:
    /// the calls of other models.
    private func optionsWithOperations(for request: RunRequest) throws(ServingError) -> RunOptions {
        guard !request.deadline.hasPassed(at: .now()) else {
            throw .deadlineExceeded("Timed out waiting for notification")
        }
        return inCallingThread
    }

    /// - Parameter nanoseconds: above 0.
    private static func options(stoppingAfter nanoseconds: UInt64) -> RunOptions {
        let milliseconds = (nanoseconds - 1) / 1_000_000 + 1
        return RunOptions(SessionConfiguration.timeout(milliseconds: Int(milliseconds)))
    }

    /// A run this short is not worth the 8 µs that it costs to be able to stop it.
    private static let shortRunNanoseconds: UInt64 = 1_000_000
}
