/// Counts of a table at a moment.
public struct TableStatistics: Sendable, Hashable {
    /// Ids that have a row.
    public var rows = 0
    /// Of these, those whose row lies in the overlay: changed or inserted since the snapshot.
    public var overlayRows = 0
    /// Bytes of the snapshot.
    public var snapshotBytes = 0
    /// Bytes of the overlay: rows, timestamps, index, marks.
    public var overlayBytes = 0
    /// Rows that were taken out of sight and that readers may still see.
    public var waitingRows = 0
    /// Since the table was made: rows refused, ids expired, ids removed.
    public var refused = 0
    public var expired = 0
    public var removed = 0
    /// The latest time that came with an update, in seconds since 1970; 0 before the first.
    public var lastUpdate: UInt32 = 0

    public init() {}
}
