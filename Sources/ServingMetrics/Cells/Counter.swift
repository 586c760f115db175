/// A number that only grows.
public final class Counter: IntegerCell {
    private let cells = StripedCells(count: 1)

    public init() {}

    /// One relaxed atomic addition.
    public func increment(by amount: Int64 = 1) { cells.add(amount, at: 0) }

    public var value: Int64 { cells.sum(at: 0) }

    public var isUsed: Bool { value != 0 }
}
