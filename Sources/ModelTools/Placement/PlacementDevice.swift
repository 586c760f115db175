/// A device as a plan sees it: a name and the bytes that models may take there.
public struct PlacementDevice: Sendable, Hashable {
    /// As the engine calls it, `GPU:0` or `CPU:2`. Unique in a plan.
    public var name: String
    /// Bytes that models may take in all; 0 or less takes none.
    public var budget: Int

    public init(name: String, budget: Int) {
        self.name = name
        self.budget = budget
    }
}
