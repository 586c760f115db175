/// How long the simulated engine takes for a batch.
public struct SimulatedCurve: Sendable, Hashable {
    /// Rows and nanoseconds, in order of rows; between points time is interpolated, beyond the last it goes on as
    /// between the last two.
    public let points: [Point]

    public struct Point: Sendable, Hashable {
        public var rows: Double
        public var nanoseconds: Double

        public init(rows: Double, nanoseconds: Double) {
            self.rows = rows
            self.nanoseconds = nanoseconds
        }
    }

    /// A batch of n rows takes `fixed` + n * `perRow` nanoseconds.
    public init(fixed: Double, perRow: Double) {
        points = [
            Point(rows: 0, nanoseconds: fixed),
            Point(rows: 1, nanoseconds: fixed + perRow),
        ]
    }

    /// `nil` without a point of at least a row.
    public init?(points: [Point]) {
        let sorted = points.filter { $0.rows >= 1 && $0.nanoseconds > 0 }.sorted { $0.rows < $1.rows }
        guard let first = sorted.first else { return nil }
        // One point says nothing of what rows add: all of its time.
        let start = sorted.count > 1 ? [] : [Point(rows: 0, nanoseconds: 0)]
        self.points = start + (sorted.count > 1 ? sorted : [first])
    }

    public func nanoseconds(rows: Int) -> Double {
        guard rows > 0 else { return 0 }
        let rows = Double(rows)
        let high = min(max(points.firstIndex { $0.rows >= rows } ?? points.count - 1, 1), points.count - 1)
        let (a, b) = (points[high - 1], points[high])
        let slope = b.rows > a.rows ? (b.nanoseconds - a.nanoseconds) / (b.rows - a.rows) : 0
        return max(a.nanoseconds + slope * (rows - a.rows), 1)
    }
}
