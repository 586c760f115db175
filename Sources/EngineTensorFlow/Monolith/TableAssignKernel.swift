import EngineInterface
import ServingPrimitives
import Tensors

/// `MonolithMultiHashTableAssign`: changes rows of several tables, or none where something does not fit. As with a shard it is
/// the time of the receipt that counts: `update_time` is 0 in exports.
final class MultiTableAssignKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithMultiHashTableAssign",
        inputs: ["mtable: resource", "id: int64", "id_split: int64", "value: float", "update_time: int64"],
        outputs: ["updated_table: resource"],
        isStateful: true,
        kernel: .computing { _ in MultiTableAssignKernel() }
    )

    func compute(_ context: KernelContext) throws(ServingError) {
        let tables = try context.tables(0, "mtable")
        let ids = try context.tensor(1, "id", rank: 1)
        let splits = try context.tensor(2, "id_split", rank: 1)
        let values = try context.tensor(3, "value", rank: 1)
        try context.naming { () throws(ServingError) in try tables.assign(ids, splits: splits, values) }
        try context.pass(0, to: 0)
    }
}

/// `MonolithHashTableAssign`: the same for one table.
final class PlainTableAssignKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithHashTableAssign",
        inputs: ["table_handle: resource", "id_values: int64", "id_updates: float", "req_time: int64"],
        outputs: ["table_handle_output: resource"],
        isStateful: true,
        kernel: .computing { _ in PlainTableAssignKernel() }
    )

    func compute(_ context: KernelContext) throws(ServingError) {
        let (table, _) = try context.plainTable(0, "table_handle")
        let ids = try context.tensor(1, "id_values", rank: 1)
        let values = try context.tensor(2, "id_updates", rank: 2)
        try context.naming { () throws(ServingError) in try table.assign(ids, values) }
        try context.pass(0, to: 0)
    }
}
