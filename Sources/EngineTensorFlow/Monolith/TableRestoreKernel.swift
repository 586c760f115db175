import ServingPrimitives

/// `MonolithMultiHashTableRestore` and `MonolithHashTableRestore`: fill tables from a dump, while their model is loaded.
final class TableRestoreKernel: OperationKernel {
    static let multi = OperationDefinition(
        name: "MonolithMultiHashTableRestore",
        inputs: ["mtable: resource", "basename: string"],
        outputs: ["output_mtable: resource"],
        isStateful: true,
        kernel: .computing { _ in TableRestoreKernel() }
    )

    static let plain = OperationDefinition(
        name: "MonolithHashTableRestore",
        inputs: ["handle: resource", "basename: string"],
        outputs: ["output_handle: resource"],
        isStateful: true,
        kernel: .computing { _ in TableRestoreKernel() }
    )

    func compute(_ context: KernelContext) throws(ServingError) {
        let name = try context.tableName(0, "handle of tables")
        let dump = String(decoding: try context.string(1, "basename"), as: UTF8.self)
        try context.naming { () throws(ServingError) in try context.graphTables().fill(name, from: dump) }
        try context.pass(0, to: 0)
    }
}
