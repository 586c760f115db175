import EngineInterface
import Tensors

extension Signature {
    /// Whether the signature says that rows are independent of how many come together: every input and output begins
    /// with a dimension of any size. A batch proves it then (`BatchVerification`).
    var declaresRows: Bool {
        sharesBatches && !inputs.isEmpty && (inputs + outputs).allSatisfy { parameter in parameter.shape?.first == -1 }
    }
}

extension ModelRun {
    /// The size of dimension 0 of all inputs of a run of one signature; `nil` when they have none or differ in it.
    var rowCount: Int? {
        var count: Int?
        for tensor in request.inputs {
            guard tensor.shape.rank > 0, count == nil || count == tensor.shape[0] else { return nil }
            count = tensor.shape[0]
        }
        return count
    }

    /// Bytes of all inputs.
    var inputByteCount: Int {
        var count = 0
        for tensor in request.inputs { count += tensor.byteCount }
        for request in others { for tensor in request.inputs { count += tensor.byteCount } }
        return count
    }
}
