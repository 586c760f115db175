/// The upper bounds of a histogram's buckets. A value that equals a bound belongs to the bucket above it, as in TensorFlow.
public struct HistogramBounds: Sendable, Hashable {
    /// Ascending; above the last one is a bucket of its own.
    public let limits: [Double]
    /// For whole numbers: the smallest that is not below each limit.
    private let wholeLimits: [Int64]
    /// The limits as the page shows them.
    let texts: [String]
    /// What one of the page's units is in recorded values.
    let unit: Double

    /// `first`, `first * factor`, ... , `count` limits in all.
    public static func exponential(first: Double, factor: Double, count: Int) -> HistogramBounds {
        var limits: [Double] = []
        var limit = first
        for _ in 0..<count {
            limits.append(limit)
            limit *= factor
        }
        return HistogramBounds(limits)
    }

    /// - Parameter unit: of the page in recorded values: 1e9 shows recorded nanoseconds as seconds.
    public init(_ limits: [Double], unit: Double = 1) {
        self.limits = limits
        self.unit = unit
        wholeLimits = limits.map { Int64(exactly: $0.rounded(.up)) ?? .max }
        texts = limits.map { sixDigits($0 / unit) }
    }

    public var bucketCount: Int { limits.count + 1 }

    /// The bucket of a value: how many limits it has reached.
    func bucket(of value: Int64) -> Int {
        var low = 0
        var high = wholeLimits.count
        while low < high {
            let middle = (low + high) / 2
            if wholeLimits[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
