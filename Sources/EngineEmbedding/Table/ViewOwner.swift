import Synchronization

/// Where readers find the view that is valid.
final class CurrentView: @unchecked Sendable {
    // Sendable: the one word is atomic, and what it leads to is never changed.
    let pointer = Atomic<UnsafeMutablePointer<TableView>?>(nil)
}

/// Keeps what a `TableView` points at.
///
/// The index and the marks of a view are changed only while it is the current one. So a reader that still has an
/// older view sees the table as it was when that was replaced.
final class ViewOwner: @unchecked Sendable {
    // Sendable: nothing is written after the initialiser; what it refers to has rules of its own.
    let view: UnsafeMutablePointer<TableView>
    let snapshot: Snapshot?
    let marks: RowMarks?
    let index: OverlayIndex?
    /// A row of zeros; also a bucket without ids, for tables without a snapshot.
    private let zeros: UnsafeMutableRawPointer

    init(
        hash: IDHash,
        rowByteCount: Int,
        snapshot: Snapshot?,
        marks: RowMarks?,
        index: OverlayIndex?,
        arena: RowArena
    ) {
        self.snapshot = snapshot
        self.marks = marks
        self.index = index
        let zeroCount = max(rowByteCount, BaseBucket.byteCount)
        zeros = .allocate(byteCount: zeroCount, alignment: BaseBucket.byteCount)
        zeros.initializeMemory(as: UInt8.self, repeating: 0, count: zeroCount)
        view = .allocate(capacity: 1)
        view.initialize(
            to: TableView(
                hash: hash,
                rowByteCount: rowByteCount,
                zeroRow: UnsafeRawPointer(zeros),
                buckets: snapshot?.buckets ?? UnsafeRawPointer(zeros),
                bucketCount: snapshot.map { Int($0.header.bucketCount) } ?? 1,
                placeCount: snapshot?.header.placeCount ?? 1,
                farthest: snapshot?.farthest ?? 0,
                rows: snapshot?.rows ?? UnsafeRawPointer(zeros),
                rowCount: snapshot?.rowCount ?? 0,
                marks: marks?.words,
                overlay: index?.reader,
                overlayRows: UnsafeRawPointer(arena.rows.start)
            )
        )
    }

    deinit {
        view.deallocate()
        zeros.deallocate()
    }
}
