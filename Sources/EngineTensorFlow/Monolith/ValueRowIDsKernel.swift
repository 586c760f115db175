import ServingPrimitives
import Tensors

/// `MonolithFusedValueRowids`: for each value of a ragged tensor the row it is in.
final class ValueRowIDsKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithFusedValueRowids",
        inputs: ["splits: int64"],
        outputs: ["rowids: int64"],
        kernel: .computing { (_) throws(ServingError) in ValueRowIDsKernel() }
    )

    func compute(_ context: KernelContext) throws(ServingError) {
        let splits = try context.vector(0, "splits", of: Int64.self)
        try context.checking { () throws(ArgumentDefect) in try RowSplits.check(splits, "splits") }
        // Not empty, or that would be a defect.
        let count = Int(splits[splits.count - 1])
        let rows = try context.allocate(0, .int64, shape: [count], of: Int64.self)
        for row in 0..<splits.count - 1 {
            for index in Int(splits[row])..<Int(splits[row + 1]) { rows[index] = Int64(row) }
        }
    }
}
