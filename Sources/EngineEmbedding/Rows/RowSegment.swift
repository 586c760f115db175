/// A part of a row, as a slice of a feature: so many numbers in one compression.
public struct RowSegment: Sendable, Hashable {
    /// Numbers of the part.
    public var dimension: Int
    public var compression: RowCompression

    public init(dimension: Int, compression: RowCompression) {
        self.dimension = dimension
        self.compression = compression
    }

    /// Bytes that the part takes in a stored row.
    var byteCount: Int { dimension * compression.bytesPerNumber }
}
