import CTensorFlow
import ServingPrimitives
import Tensors

/// `MonolithFinalizeSharedTensor`: the buffer that others have filled, as a tensor.
final class FinalizeKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithFinalizeSharedTensor",
        attributes: ["shape: shape", "dtype: type", "num_tensors: int >= 1"],
        inputs: ["handle: num_tensors * resource"],
        outputs: ["t: dtype"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in try FinalizeKernel(node) }
    )

    private init(_ node: NodeDefinition) throws(ServingError) {
        guard try node.integer("dtype") == Int(ElementType.float32.rawValue) else {
            throw .invalidArgument(
                "\(node.operation): dtype of node \(node.name) is DataType \(try node.integer("dtype")); float is expected"
            )
        }
    }

    func compute(_ context: KernelContext) throws(ServingError) {
        guard let run = RunContext.current else { throw context.outsideOfRun }
        var numbers: [UInt64?] = []
        for index in 0..<context.inputCount { numbers.append(ResourceHandle(try context.input(index))?.bufferNumber) }
        guard let number = numbers.first.flatMap(\.self), numbers.allSatisfy({ $0 == number }) else {
            throw context.invalid("handle has different resources; the same buffer is expected \(numbers.count) times")
        }
        guard let buffer = run.take(number) else {
            throw context.invalid("handle is no buffer of this run, or was finalized before")
        }
        try context.set(0, to: buffer.handle)
    }
}
