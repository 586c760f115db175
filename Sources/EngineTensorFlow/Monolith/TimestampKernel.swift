import ServingPrimitives
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `MonolithTensorsTimestamp`: its tensors as they are, and when they were there, in microseconds since 1970.
final class TimestampKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithTensorsTimestamp",
        attributes: ["T: list(type)"],
        inputs: ["tensors_in: T"],
        outputs: ["tensors_out: T", "timestamp: int64"],
        // Computed beforehand, or once for two places, it would not say when.
        isStateful: true,
        kernel: .computing { (_) throws(ServingError) in TimestampKernel() }
    )

    func compute(_ context: KernelContext) throws(ServingError) {
        let count = context.inputCount
        for index in 0..<count { try context.set(index, to: try context.input(index)) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let timestamp = try context.allocate(count, .int64, shape: [], of: Int64.self)
        timestamp[0] = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}
