import ServingPrimitives
import Tensors

/// A request cut into parts of a few rows each.
struct RowSplit {
    /// The inputs of each part.
    let parts: [[Tensor]]

    /// - Returns: `nil` when the request is to be run as it is: it is small enough, or its inputs are not rows.
    init?(_ inputs: [Tensor], most: Int?) {
        guard let most, let first = inputs.first, first.shape.rank > 0, first.shape[0] > most,
            inputs.allSatisfy({ $0.shape.rank > 0 && $0.shape[0] == first.shape[0] })
        else { return nil }
        let count = first.shape[0]
        parts = stride(from: 0, to: count, by: most).map { start in
            inputs.map { $0.rows(start..<min(start + most, count)) }
        }
    }

    /// The outputs of all parts as if they had been one run.
    ///
    /// - Throws: `INTERNAL` when an output is not made of rows.
    func join(_ outputs: [[Tensor]]) throws(ServingError) -> [Tensor] {
        guard let first = outputs.first else { return [] }
        return try first.indices.map { (index) throws(ServingError) in
            let pieces = outputs.map { $0[index] }
            guard pieces.allSatisfy({ $0.shape.rank > 0 }) else {
                throw .internalError("an output without dimensions cannot be put together from the parts of a request")
            }
            do throws(TensorGatherError) {
                return try TensorGather()(pieces)
            } catch {
                throw .internalError("the outputs of a request's parts cannot be put together: \(error)")
            }
        }
    }
}
