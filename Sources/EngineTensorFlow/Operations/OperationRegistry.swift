import CTensorFlow
import ModelSignatures
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Makes operations of ours known to TensorFlow, which keeps them until the process ends.
enum OperationRegistry {
    private static let areRegistered = Mutex(false)

    /// Whether graphs with operations of ours were loaded.
    static var isInUse: Bool { areRegistered.withLock { $0 } }

    /// Registers `MonolithOperations`, once. An operation that an op library has brought is left to that library.
    ///
    /// - Throws: `FAILED_PRECONDITION` when the library cannot take operations.
    static func registerMonolith(in library: TensorFlowLibrary) throws(ServingError) {
        try areRegistered.withLock { (areRegistered: inout Bool) throws(ServingError) in
            guard !areRegistered else { return }
            if let failure = ctf_find_kernel_functions() {
                defer { free(failure) }
                throw .failedPrecondition(
                    "the TensorFlow library \(library.path) cannot take operations: \(String(cString: failure))"
                )
            }
            // To register a name twice would end the process.
            let missing = MonolithOperations.all.filter { !isKnown($0.name) }
            for operation in missing { try register(operation) }
            areRegistered = true
        }
    }

    private static func isKnown(_ operation: String) -> Bool {
        let graph = TF_NewGraph()
        let definition = TF_NewBuffer()
        defer {
            TF_DeleteBuffer(definition)
            TF_DeleteGraph(graph)
        }
        do throws(ServingError) {
            try ServingError.check { TF_GraphGetOpDef(graph, operation, definition, $0) }
            return true
        } catch {
            return false
        }
    }

    private static func register(_ operation: OperationDefinition) throws(ServingError) {
        let builder = TF_NewOpDefinitionBuilder(operation.name)
        for attribute in operation.attributes { TF_OpDefinitionBuilderAddAttr(builder, attribute) }
        for input in operation.inputs { TF_OpDefinitionBuilderAddInput(builder, input) }
        for output in operation.outputs { TF_OpDefinitionBuilderAddOutput(builder, output) }
        TF_OpDefinitionBuilderSetIsStateful(builder, operation.isStateful)
        TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, inference(of: operation.shapes))
        try ServingError.check { TF_RegisterOpDefinition(builder, $0) }
        let kernel: OpaquePointer
        switch operation.kernel {
        case .computing:
            kernel = TF_NewKernelBuilder(operation.name, "CPU", createKernel, compute, deleteKernel)
        case .asynchronous:
            kernel = TF_NewAsyncKernelBuilder(operation.name, "CPU", createKernel, computeAsynchronously, deleteKernel)
        }
        try ServingError.check { TF_RegisterKernelBuilder(operation.name, kernel, $0) }
    }

    private static func inference(of shapes: OperationDefinition.Shapes) -> ctf_infer_shapes {
        switch shapes {
        case .open: { context, status in TF_ShapeInferenceContextSetUnknownShape(context, status) }
        case .twoScalars:
            { context, status in
                TF_ShapeInferenceContextSetUnknownShape(context, status)
                let scalar = TF_ShapeInferenceContextScalar(context)
                for output in 0..<2 as Range<Int32> {
                    TF_ShapeInferenceContextSetOutput(context, output, scalar, status)
                }
                TF_DeleteShapeHandle(scalar)
            }
        }
    }
}

/// The kernel of one node.
private final class NodeKernel {
    enum Kernel {
        case computing(any OperationKernel)
        case asynchronous(any AsynchronousKernel)
    }

    let operation: String
    let kernel: Kernel

    init(_ node: NodeDefinition) throws(ServingError) {
        operation = node.operation
        guard let definition = MonolithOperations.all.first(where: { $0.name == node.operation }) else {
            throw .internalError("\(node.operation) is no operation of this server's")
        }
        switch definition.kernel {
        case .computing(let make): kernel = .computing(try make(node))
        case .asynchronous(let make): kernel = .asynchronous(try make(node))
        }
    }
}

private func createKernel(_ construction: OpaquePointer) -> UnsafeMutableRawPointer? {
    do throws(ServingError) {
        return Unmanaged.passRetained(try NodeKernel(try node(of: construction))).toOpaque()
    } catch {
        let status = TF_NewStatus()
        defer { TF_DeleteStatus(status) }
        TF_SetStatus(status, error.code.rawValue, error.message)
        TF_OpKernelConstruction_Failure(construction, status)
        return nil
    }
}

private func node(of construction: OpaquePointer) throws(ServingError) -> NodeDefinition {
    let buffer = try ServingError.check { TF_OpKernelConstruction_GetNodeDef(construction, $0) }
    guard let buffer else { throw .internalError("TensorFlow made a kernel for no node") }
    defer { TF_DeleteBuffer(buffer) }
    do throws(ProtobufReader.Malformed) {
        return try NodeDefinition(UnsafeRawBufferPointer(start: buffer.pointee.data, count: buffer.pointee.length))
    } catch {
        throw .internalError("TensorFlow made a kernel for a node that cannot be read")
    }
}

private func deleteKernel(_ kernel: UnsafeMutableRawPointer?) {
    if let kernel { Unmanaged<NodeKernel>.fromOpaque(kernel).release() }
}

private func compute(_ kernel: UnsafeMutableRawPointer?, _ handle: OpaquePointer) {
    // Without a kernel its construction failed, and no graph is run with it.
    guard let kernel else { return }
    let node = Unmanaged<NodeKernel>.fromOpaque(kernel).takeUnretainedValue()
    guard case .computing(let kernel) = node.kernel else { return }
    let context = KernelContext(handle, operation: node.operation)
    do throws(ServingError) {
        try kernel.compute(context)
    } catch {
        RunContext.current?.note(error)
        context.fail(error)
    }
}

private func computeAsynchronously(
    _ kernel: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer,
    _ lentDone: OpaquePointer
) {
    let done = AsynchronousEnd(ctf_take_done(lentDone))
    guard let kernel else { return done.run() }
    let node = Unmanaged<NodeKernel>.fromOpaque(kernel).takeUnretainedValue()
    guard case .asynchronous(let kernel) = node.kernel else { return done.run() }
    let context = KernelContext(handle, operation: node.operation)
    let run = RunContext.current
    kernel.compute(context) { error in
        if let error {
            run?.note(error)
            context.fail(error)
        }
        context.end()
        if let run { run.whileCurrent { done.run() } } else { done.run() }
    }
}

/// Tells TensorFlow that an asynchronous kernel is done.
private struct AsynchronousEnd: @unchecked Sendable {
    // Sendable: used once, by whoever has the outcome.
    private let done: OpaquePointer

    init(_ done: OpaquePointer) { self.done = done }

    func run() { ctf_finish(done) }
}
