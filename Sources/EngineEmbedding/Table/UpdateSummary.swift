/// What became of the rows of an update.
public struct UpdateSummary: Sendable, Hashable {
    /// Rows of ids that were there.
    public var changed = 0
    /// Rows of ids that are new.
    public var inserted = 0
    /// Rows that were not taken, because the byte budget is reached, or for the moment because readers still see too
    /// many of the rows that they replace. Their ids have the rows that they had.
    public var refused = 0

    public init(changed: Int = 0, inserted: Int = 0, refused: Int = 0) {
        self.changed = changed
        self.inserted = inserted
        self.refused = refused
    }
}
