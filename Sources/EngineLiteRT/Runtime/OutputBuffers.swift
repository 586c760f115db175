import CLiteRT
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What LiteRT wants for the outputs of a run, and what no run writes to: `Interpreter` puts each output's own memory back
/// before the first operation.
final class OutputBuffers {
    /// One for each output, and for the inputs as many `nil`s: those need none.
    private let handles: UnsafeMutableBufferPointer<LiteRtTensorBuffer?>
    private let memory: UnsafeMutableRawPointer

    /// LiteRT's alignment for memory of the caller's (LITERT_HOST_MEMORY_BUFFER_ALIGNMENT).
    private static let alignment = 64

    init(count: Int) throws(ServingError) {
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, Self.alignment, Self.alignment) == 0, let memory else {
            throw ServingError(.resourceExhausted, "there is no memory for an interpreter")
        }
        self.memory = memory
        handles = .allocate(capacity: count)
        handles.initialize(repeating: nil)
        var type = LiteRtRankedTensorType()
        type.element_type = Int32(kLiteRtElementTypeFloat32)
        type.layout.rank = 1
        type.layout.dimensions.0 = Int32(Self.alignment / 4)
        for index in handles.indices {
            guard
                LiteRtCreateTensorBufferFromHostMemory(&type, memory, Self.alignment, nil, &handles[index])
                    == kLiteRtStatusOk
            else { throw .internalError("LiteRT made no tensor buffer") }
        }
    }

    deinit {
        for case let handle? in handles { LiteRtDestroyTensorBuffer(handle) }
        handles.deallocate()
        free(memory)
    }

    func run(_ compiled: LiteRtCompiledModel, _ plan: InterpreterPlan) -> Int32 {
        withUnsafeTemporaryAllocation(of: LiteRtTensorBuffer?.self, capacity: plan.inputs.count) { inputs in
            inputs.initialize(repeating: nil)
            return LiteRtRunCompiledModel(
                compiled,
                plan.entryPoint,
                plan.inputs.count,
                inputs.baseAddress,
                handles.count,
                handles.baseAddress
            )
        }
    }
}
