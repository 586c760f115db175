import ServingPrimitives
import Tensors

/// `MonolithMapIdToEmbedding`: for each id its row, of the rows that all shards gave.
final class RowGatherKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithMapIdToEmbedding",
        attributes: ["num_splits: int >= 1", "use_multi_threads: bool = true"],
        inputs: ["ids: num_splits * int64", "embeddings: num_splits * float", "input: int64"],
        outputs: ["output: float"],
        kernel: .computing { (node) throws(ServingError) in try RowGatherKernel(node) }
    )

    /// The rows of one shard.
    private typealias Rows = (ids: UnsafeBufferPointer<Int64>, elements: UnsafeBufferPointer<Float>)

    private let shards: Int

    private init(_ node: NodeDefinition) throws(ServingError) { shards = try node.integer("num_splits") }

    func compute(_ context: KernelContext) throws(ServingError) {
        let (rows, width) = try rows(context)
        let count = rows.reduce(0) { $0 + $1.ids.count }
        guard count <= IDTable.maximumCapacity else { throw context.invalid("ids has \(count) elements in all") }
        var table = IDTable(capacity: count)
        // Where the row of each id is; of an id that comes twice the first row counts.
        var places: [(shard: Int, row: Int)] = []
        for (shard, part) in rows.enumerated() {
            for row in part.ids.indices where table.insert(part.ids[row]) == places.count {
                places.append((shard, row))
            }
        }
        let input = try context.input(2 * shards)
        let ids = KernelContext.elements(of: input, as: Int64.self)
        let output = try context.allocate(
            0,
            .float32,
            shape: KernelContext.shape(of: input) + [width],
            of: Float.self
        )
        for (index, id) in ids.enumerated() {
            guard let number = table.find(id) else {
                throw context.invalid("input has the id \(id), of which no shard gave a row")
            }
            let (shard, row) = places[number]
            for column in 0..<width { output[index * width + column] = rows[shard].elements[row * width + column] }
        }
    }

    /// What the shards gave, and how wide their rows are.
    private func rows(_ context: KernelContext) throws(ServingError) -> (rows: [Rows], width: Int) {
        var rows: [Rows] = []
        var width: Int?
        for shard in 0..<shards {
            let ids = KernelContext.elements(of: try context.input(shard), as: Int64.self)
            let matrix = try context.matrix(shards + shard, "embeddings[\(shard)]", of: Float.self)
            guard matrix.rows == ids.count else {
                throw context.invalid(
                    "embeddings[\(shard)] has \(matrix.rows) rows; \(ids.count) are expected, as ids[\(shard)] has"
                )
            }
            if let width, width != matrix.columns {
                throw context.invalid(
                    "embeddings[\(shard)] has rows of \(matrix.columns) floats; \(width) are expected, as others have"
                )
            }
            width = matrix.columns
            rows.append((ids, matrix.elements))
        }
        return (rows, width ?? 0)
    }
}
