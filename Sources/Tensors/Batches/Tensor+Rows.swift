extension Tensor {
    /// Bytes from one element to the next; those of a string tensor are `StringElement`s.
    var elementStride: Int { elementType.byteWidth ?? MemoryLayout<StringElement>.stride }

    /// Some of the tensor's rows (positions in its first dimension), which it must have: a view of the same memory.
    public func rows(_ range: Range<Int>) -> Tensor {
        precondition(
            shape.rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "rows out of range"
        )
        if range.count == shape[0] { return self }
        guard let shape = try? shape.withRows(range.count) else {
            preconditionFailure("a part of a shape that fits does not fit")
        }
        let offset = range.lowerBound * self.shape.elementsPerRow * elementStride
        return Tensor(uncheckedType: elementType, shape: shape, base: base.map { $0 + offset }, owner: owner)
    }
}
