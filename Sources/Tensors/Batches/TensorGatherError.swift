/// Why tensors cannot be put together by rows.
public enum TensorGatherError: Error, Sendable, Hashable {
    /// They hold elements of different types.
    case differentTypes(ElementType, ElementType)
    /// Their rows differ in shape, and are not padded or have different ranks.
    case differentShapes(TensorShape, TensorShape)
    /// Tensors of this rank are not padded: 1 to 6 only.
    case rankNotPadded(Int)
    /// A tensor without elements has none to be padded with.
    case emptyTensor(TensorShape)
    /// The result would need more than the limit, or more than there is.
    case tooLarge(String)
}
