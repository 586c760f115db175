import Tensors

extension TensorGatherError {
    /// For people; TensorFlow's words where it has any.
    var reason: String {
        switch self {
        case .differentTypes(let first, let other):
            "Cannot concatenate tensors that have different data types. Got \(first.name) and \(other.name)."
        case .differentShapes(let first, let other): "the shapes \(first) and \(other) differ"
        case .rankNotPadded: "Only tensors with rank from 1 to 6 can be padded."
        case .emptyTensor: "Got empty tensor in batch of non-empty tensors."
        case .tooLarge(let reason): reason
        }
    }
}
