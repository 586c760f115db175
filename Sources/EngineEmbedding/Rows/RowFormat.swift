public import ServingPrimitives

/// What a row of a table is: the compressed parts of an embedding, one behind the other without gaps.
public struct RowFormat: Sendable, Hashable {
    public let segments: [RowSegment]
    /// Numbers of a row: the width of the embedding.
    public let dimension: Int
    /// Bytes of a compressed row, and from a row to the next.
    public let byteCount: Int

    /// More parts or numbers than any model has.
    public static let maximumSegments = 32
    public static let maximumDimension = 1 << 16

    /// - Throws: `INVALID_ARGUMENT` that names the part.
    public init(_ segments: [RowSegment]) throws(ServingError) {
        guard (1...Self.maximumSegments).contains(segments.count) else {
            throw .invalidArgument(
                "a row has \(segments.count) parts; expected 1 to \(Self.maximumSegments)"
            )
        }
        var dimension = 0
        for (index, segment) in segments.enumerated() {
            guard (1...Self.maximumDimension).contains(segment.dimension) else {
                throw .invalidArgument(
                    "part \(index) of a row has \(segment.dimension) numbers; expected 1 to \(Self.maximumDimension)"
                )
            }
            if let problem = segment.compression.problem {
                throw .invalidArgument("part \(index) of a row: \(problem)")
            }
            dimension += segment.dimension
        }
        guard dimension <= Self.maximumDimension else {
            throw .invalidArgument("a row has \(dimension) numbers; expected at most \(Self.maximumDimension)")
        }
        self.segments = segments
        self.dimension = dimension
        byteCount = segments.reduce(0) { $0 + $1.byteCount }
    }
}
