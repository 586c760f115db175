import CTensorFlow
import ServingPrimitives
import Tensors

/// `MonolithSplitByIndices`: deals the rows of a tensor out to the shards.
final class ShardSplitKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithSplitByIndices",
        attributes: ["num_splits: int >= 1", "T: type"],
        inputs: ["indices: int64", "input: T"],
        outputs: ["splitted: num_splits * T"],
        kernel: .computing { (node) throws(ServingError) in try ShardSplitKernel(node) }
    )

    private let shards: Int
    private let type: ElementType
    private let width: Int

    private init(_ node: NodeDefinition) throws(ServingError) {
        shards = try node.integer("num_splits")
        let number = try node.integer("T")
        guard let type = ElementType(rawValue: Int32(truncatingIfNeeded: number)), let width = type.byteWidth else {
            throw .invalidArgument(
                "\(node.operation): T of node \(node.name) is DataType \(number); numbers are expected"
            )
        }
        self.type = type
        self.width = width
    }

    func compute(_ context: KernelContext) throws(ServingError) {
        let indices = try context.vector(0, "indices", of: Int64.self)
        let input = try context.input(1)
        let shape = KernelContext.shape(of: input)
        guard shape.first == indices.count else {
            throw context.invalid("input has shape \(shape); \(indices.count) rows are expected, as indices has")
        }
        let counts = try context.checking { () throws(ArgumentDefect) in
            try ShardCounts.of(indices, shards: shards)
        }
        var outputs: [UnsafeMutableRawBufferPointer] = []
        for (shard, count) in counts.enumerated() {
            outputs.append(try context.allocate(shard, type, width: width, shape: [count] + shape.dropFirst()))
        }
        let source = UnsafeRawBufferPointer(start: TF_TensorData(input), count: TF_TensorByteSize(input))
        let rowBytes = indices.isEmpty ? 0 : source.count / indices.count
        guard rowBytes > 0 else { return }
        var ends = [Int](repeating: 0, count: shards)
        for (row, index) in indices.enumerated() {
            let shard = Int(index)
            UnsafeMutableRawBufferPointer(rebasing: outputs[shard][ends[shard]..<ends[shard] + rowBytes])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[row * rowBytes..<(row + 1) * rowBytes]))
            ends[shard] += rowBytes
        }
    }
}
