import ServingPrimitives

/// `MonolithRaggedSplitByIndices`: deals the ids of each table out to the shards.
final class RaggedSplitKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithRaggedSplitByIndices",
        attributes: ["num_splits: int >= 1"],
        inputs: ["indices: int64", "num: int64", "num_split: int64"],
        outputs: [
            "splitted_nums: num_splits * int64", "splitted_num_splits: num_splits * int64",
            "splitted_pos: num_splits * int64",
        ],
        kernel: .computing { (node) throws(ServingError) in try RaggedSplitKernel(node) }
    )

    private let shards: Int

    private init(_ node: NodeDefinition) throws(ServingError) { shards = try node.integer("num_splits") }

    func compute(_ context: KernelContext) throws(ServingError) {
        let indices = try context.vector(0, "indices", of: Int64.self)
        let numbers = try context.vector(1, "num", of: Int64.self)
        let splits = try context.vector(2, "num_split", of: Int64.self)
        let split = try context.checking { () throws(ArgumentDefect) in
            try RaggedSplit(of: numbers, splits, by: indices, shards: shards)
        }
        for shard in 0..<shards {
            try context.set(shard, to: split.numbers[shard])
            try context.set(shards + shard, to: split.splits[shard])
            try context.set(2 * shards + shard, to: split.positions[shard])
        }
    }
}
