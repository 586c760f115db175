import EngineInterface
import ServingPrimitives
import Tensors

/// `MonolithMultiHashTableLookup`: rows of several tables, one behind the other.
final class MultiTableLookupKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithMultiHashTableLookup",
        inputs: ["mtable: resource", "id: int64", "id_split: int64"],
        outputs: ["embedding: float"],
        isStateful: true,
        kernel: .computing { _ in MultiTableLookupKernel() }
    )

    func compute(_ context: KernelContext) throws(ServingError) {
        let tables = try context.tables(0, "mtable")
        let ids = try context.tensor(1, "id", rank: 1)
        let splits = try context.tensor(2, "id_split", rank: 1)
        let rows = try context.naming { () throws(ServingError) in try tables.lookup(ids, splits: splits) }
        try context.set(0, to: rows, "embedding")
    }
}

/// `MonolithHashTableLookup`: rows of one table.
final class PlainTableLookupKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithHashTableLookup",
        attributes: ["dim_size: int", "use_multi_threads: bool = false"],
        inputs: ["table_handle: resource", "ids: int64"],
        outputs: ["embeddings: float"],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in try PlainTableLookupKernel(node) }
    )

    private let width: Int

    private init(_ node: NodeDefinition) throws(ServingError) { width = try node.integer("dim_size") }

    func compute(_ context: KernelContext) throws(ServingError) {
        let (table, tableWidth) = try context.plainTable(0, "table_handle")
        guard width == tableWidth else {
            throw context.invalid("dim_size is \(width); \(tableWidth) is expected, as the table's configuration says")
        }
        let ids = try context.tensor(1, "ids", rank: 1)
        let rows = try context.naming { () throws(ServingError) in try table.lookup(ids) }
        try context.set(0, to: rows, "embeddings")
    }
}
