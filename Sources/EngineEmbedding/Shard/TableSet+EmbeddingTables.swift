import EngineInterface
import ServingPrimitives
import Tensors

/// What operations of a graph use.
extension TableSet: EmbeddingTables {
    private var numbers: [Int] { Array(widths.indices) }

    func lookup(_ ids: Tensor, splits: Tensor) throws(ServingError) -> Tensor {
        try lookup(numbers, ids, splits: splits)
    }

    func lookup(_ ids: Tensor) throws(ServingError) -> Tensor { try lookup(0, ids) }

    func assign(_ ids: Tensor, splits: Tensor, _ values: Tensor) throws(ServingError) {
        try assign(numbers, ids, splits: splits, values)
    }

    func assign(_ ids: Tensor, _ values: Tensor) throws(ServingError) {
        try assign([Rows(number: 0, ids: ids, values: values)])
    }
}
