/// What the tasks of one queue must have in common to be gathered into one batch.
///
/// Frontends intern the shapes, types and names of a request's inputs into `id`. A queue keeps a curve of run times for
/// each class.
public struct ShapeClass: Sendable, Hashable {
    /// Tasks of the same class gather without padding.
    public var id: Int
    /// Elements of one row, all inputs together: what padding costs is told from it, and what a run of a class costs that
    /// was never run is guessed from it.
    public var elementsPerRow: Int
    /// Classes of one group can be padded to each other, from few elements a row to many; -1 is never padded.
    public var paddingGroup: Int

    public init(id: Int, elementsPerRow: Int, paddingGroup: Int = -1) {
        self.id = id
        self.elementsPerRow = elementsPerRow
        self.paddingGroup = paddingGroup
    }

    /// For queues whose tasks all fit together.
    public static let any = ShapeClass(id: 0, elementsPerRow: 0)

    /// Whether rows of `other` can run in a batch of this class.
    public func takes(_ other: ShapeClass) -> Bool {
        other.id == id
            || paddingGroup >= 0 && other.paddingGroup == paddingGroup && other.elementsPerRow <= elementsPerRow
    }
}
