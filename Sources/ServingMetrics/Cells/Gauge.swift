import Synchronization

/// A number that is set.
public final class Gauge: IntegerCell {
    private let number = Atomic<Int64>(0)
    private let wasSet = Atomic<Bool>(false)

    public init() {}

    public func set(_ value: Int64) {
        number.store(value, ordering: .relaxed)
        wasSet.store(true, ordering: .relaxed)
    }

    public var value: Int64 { number.load(ordering: .relaxed) }

    public var isUsed: Bool { wasSet.load(ordering: .relaxed) }
}
