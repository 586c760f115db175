extension TensorShape {
    /// The size of the first dimension; 0 for a scalar, which has no rows.
    public var rowCount: Int { rank == 0 ? 0 : self[0] }

    /// Elements of one row. The shape must have a first dimension.
    var elementsPerRow: Int {
        precondition(rank > 0, "a scalar has no rows")
        var count = 1
        // Cannot overflow: the product of all dimensions but those of size 0 fits in `Int`.
        for index in 1..<rank where self[index] != 0 { count *= self[index] }
        return (1..<rank).contains { self[$0] == 0 } ? 0 : count
    }

    /// This shape with so many rows. The shape must have a first dimension.
    ///
    /// - Throws: when the number of elements overflows.
    public func withRows(_ count: Int) throws(TensorError) -> TensorShape {
        precondition(rank > 0, "a scalar has no rows")
        var builder = Builder()
        try builder.append(count)
        for index in 1..<rank { try builder.append(self[index]) }
        return builder.finish()
    }

    /// Whether rows of the two shapes are of one shape.
    public func hasRowsLike(_ other: TensorShape) -> Bool {
        rank == other.rank && rank > 0 && (1..<rank).allSatisfy { self[$0] == other[$0] }
    }
}
