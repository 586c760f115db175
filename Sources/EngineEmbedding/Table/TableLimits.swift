/// What a table may take.
public struct TableLimits: Sendable, Hashable {
    /// Bytes of the snapshot, of the rows changed since and of their index together. Rows of new ids are refused
    /// before it is reached, so that ids that are there can still be changed.
    public var maximumBytes: Int

    public init(maximumBytes: Int = 8 << 30) { self.maximumBytes = maximumBytes }
}
