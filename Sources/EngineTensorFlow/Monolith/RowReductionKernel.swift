import ServingPrimitives
import Tensors

/// `MonolithReduceSum`, `MonolithReduceMean` and `MonolithReduceSquareNorm`: makes one row of all that belong to an example.
final class RowReductionKernel: OperationKernel {
    static let sum = definition("MonolithReduceSum", .sum)
    /// An example without rows has zeros (Monolith's own gives NaN).
    static let mean = definition("MonolithReduceMean", .mean)
    /// The square root of the sum of squares.
    static let squareNorm = definition("MonolithReduceSquareNorm", .squareNorm)

    private enum Reduction { case sum, mean, squareNorm }

    private let reduction: Reduction

    private init(_ reduction: Reduction) { self.reduction = reduction }

    private static func definition(_ name: String, _ reduction: Reduction) -> OperationDefinition {
        OperationDefinition(
            name: name,
            inputs: ["id_indices: int64", "id_values: float", "id_dense_shape: int64"],
            outputs: ["reduced: float"],
            kernel: .computing { (_) throws(ServingError) in RowReductionKernel(reduction) }
        )
    }

    func compute(_ context: KernelContext) throws(ServingError) {
        let indices = try context.matrix(0, "id_indices", of: Int64.self)
        let values = try context.matrix(1, "id_values", of: Float.self)
        let shape = try context.vector(2, "id_dense_shape", of: Int64.self)
        guard indices.columns > 0, values.rows == indices.rows else {
            throw context.invalid(
                "id_indices has shape [\(indices.rows), \(indices.columns)], id_values \(values.rows) rows; as many rows "
                    + "are expected of both, and 1 column at least"
            )
        }
        guard let count = shape.first.flatMap({ Int(exactly: $0) }), count >= 0 else {
            throw context.invalid(
                "id_dense_shape is \(Array(shape.prefix(16))); a number of examples is expected first"
            )
        }
        let width = values.columns
        let output = try context.allocate(0, .float32, shape: [count, width], of: Float.self)
        output.update(repeating: 0)
        var counts = [Int](repeating: 0, count: reduction == .mean ? count : 0)
        for row in 0..<values.rows {
            let example = indices.elements[row * indices.columns]
            guard example >= 0, example < count else {
                throw context.invalid("id_indices has \(example) in row \(row); an example below \(count) is expected")
            }
            if reduction == .mean { counts[Int(example)] += 1 }
            for column in 0..<width {
                let value = values.elements[row * width + column]
                output[Int(example) * width + column] += reduction == .squareNorm ? value * value : value
            }
        }
        finish(output, width, counts)
    }

    private func finish(_ output: UnsafeMutableBufferPointer<Float>, _ width: Int, _ counts: [Int]) {
        switch reduction {
        case .sum: break
        case .mean:
            for (example, count) in counts.enumerated() where count > 1 {
                for column in 0..<width { output[example * width + column] /= Float(count) }
            }
        case .squareNorm:
            for index in output.indices { output[index] = output[index].squareRoot() }
        }
    }
}
