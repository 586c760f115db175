import CTensorFlow
import ServingPrimitives

/// `MonolithFillWithOffsetMap`: puts the rows that a shard gave where they belong in the buffer of all shards.
final class OffsetMapKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithFillWithOffsetMap",
        attributes: ["dims: list(int)"],
        inputs: [
            "pos: int64", "pos_split: int64", "value: float", "value_offset_map: int64",
            "value_offset_map_split: int64", "value_buffer: resource",
        ],
        outputs: ["out_value_buffer: resource"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in try OffsetMapKernel(node) }
    )

    private let dimensions: [Int]

    private init(_ node: NodeDefinition) throws(ServingError) { dimensions = try node.dimensions() }

    func compute(_ context: KernelContext) throws(ServingError) {
        let handle = try context.input(5)
        guard let run = RunContext.current else { throw context.outsideOfRun }
        guard let buffer = ResourceHandle(handle)?.bufferNumber.flatMap(run.tensor) else {
            throw context.invalid("value_buffer is no buffer of this run, or was finalized")
        }
        let map = OffsetMap(
            offsets: try context.vector(3, "value_offset_map", of: Int64.self),
            splits: try context.vector(4, "value_offset_map_split", of: Int64.self),
            dimensions: dimensions
        )
        let positions = try context.vector(0, "pos", of: Int64.self)
        let positionSplits = try context.vector(1, "pos_split", of: Int64.self)
        let values = try context.vector(2, "value", of: Float.self)
        try context.checking { () throws(ArgumentDefect) in
            try map.scatter(values, positions, positionSplits, into: buffer.elements)
        }
        try context.set(0, to: handle)
    }
}
