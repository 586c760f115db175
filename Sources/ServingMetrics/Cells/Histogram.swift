/// How often values fell between given bounds, and their sum.
public final class Histogram: MetricCell {
    public let bounds: HistogramBounds
    /// A number for each bucket, then the sum.
    private let cells: StripedCells

    public init(bounds: HistogramBounds) {
        self.bounds = bounds
        cells = StripedCells(count: bounds.bucketCount + 1)
    }

    /// Two relaxed atomic additions. A negative value counts as 0.
    public func record(_ value: Int64) {
        let value = max(value, 0)
        cells.increment(at: bounds.bucket(of: value), adding: value, at: bounds.bucketCount)
    }

    /// Values in each bucket, the one above the last bound included.
    public var counts: [Int64] { (0..<bounds.bucketCount).map { cells.sum(at: $0) } }

    public var sum: Int64 { cells.sum(at: bounds.bucketCount) }

    public var isUsed: Bool { counts.contains { $0 != 0 } }
}
