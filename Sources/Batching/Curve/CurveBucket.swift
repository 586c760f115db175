/// Runs of about one size.
struct CurveBucket: Sendable {
    /// Means of the last runs.
    private(set) var rows = 0.0
    private(set) var time = 0.0
    private(set) var samples = 0
    /// How far runs are from the mean: the square of the share of it, on average.
    private(set) var spread = 0.01
    private var lastRun = 0
    /// Runs in a row that took more than twice, or less than half, of what was expected.
    private var strays = 0
    /// The first runs of a size are often slow, as a graph is compiled or memory is fetched, and never too fast: of so
    /// many the fastest counts.
    private static let slowRuns = 3

    /// Sizes up to 8 have a bucket each, above there are four to each doubling.
    static func index(of rows: Int) -> Int {
        let rows = min(rows, LatencyCurve.maximumRows)
        guard rows > 8 else { return max(rows, 1) - 1 }
        let exponent = Int.bitWidth - 1 - rows.leadingZeroBitCount
        return 7 + (exponent - 3) * 4 + (rows >> (exponent - 2)) & 3
    }

    /// Whether enough runs say it, the last of them not long ago.
    func isSure(at run: Int) -> Bool { samples >= 8 && run - lastRun < 1024 }

    /// How much the bucket counts against its neighbours; less the longer ago it had a run.
    func weight(at run: Int) -> Double {
        min(Double(samples), LatencyCurve.memory) / (1 + Double(run - lastRun) / 64)
    }

    /// What so many rows take, if each takes as long as it does here.
    func expected(_ newRows: Double) -> Double { time * newRows / rows }

    /// How far a run is off what is expected, as a share of it; bounded, so that one run cannot say everything.
    func off(rows: Double, time: Double) -> Double { min(max(time / expected(rows) - 1, -0.5), 0.5) }

    /// e to the power of a small number: growth by it and by its negative make up for each other, so that two values that
    /// follow the same runs at different speeds stay where they are while the runs do.
    static func growth(_ exponent: Double) -> Double { (2 + exponent) / (2 - exponent) }

    mutating func scale(by factor: Double) { time *= factor }

    /// Returns whether it says something else now than before.
    mutating func learn(rows newRows: Double, time newTime: Double, run: Int) -> Bool {
        lastRun = run
        defer { samples += 1 }
        guard samples > 0 else { return set(newRows, newTime) }
        let expected = self.expected(newRows)
        guard samples >= Self.slowRuns else {
            if newTime < expected { (rows, time) = (newRows, newTime) }
            return true
        }
        // A change that lasts.
        if isStray(newTime, expected), strays >= 4 { return set(newRows, newTime) }
        let gain = max(1 / Double(samples + 1), 1 / LatencyCurve.memory)
        let off = self.off(rows: newRows, time: newTime)
        let moved = rows + gain * (newRows - rows)
        time = self.expected(moved) * Self.growth(gain * off)
        rows = moved
        spread += (off * off - spread) / LatencyCurve.memory
        return samples < 4
    }

    private mutating func isStray(_ time: Double, _ expected: Double) -> Bool {
        let isStray = time > expected * 2 || time < expected / 2
        strays = isStray ? strays + 1 : 0
        return isStray
    }

    private mutating func set(_ rows: Double, _ time: Double) -> Bool {
        self.rows = rows
        self.time = time
        samples = 0
        strays = 0
        return true
    }
}

/// The line with the least squares of errors.
struct LineFit {
    private var weight = 0.0
    private var x = 0.0
    private var y = 0.0
    private var xx = 0.0
    private var xy = 0.0

    mutating func add(_ x: Double, _ y: Double, weight: Double) {
        self.weight += weight
        self.x += weight * x
        self.y += weight * y
        xx += weight * x * x
        xy += weight * x * y
    }

    /// `nil` when all values have one place.
    var slope: Double? {
        let spread = xx - x * x / weight
        guard spread > 1e-9 * xx else { return nil }
        return (xy - x * y / weight) / spread
    }

    func value(at place: Double) -> Double? { slope.map { y / weight + $0 * (place - x / weight) } }
}

/// The nearest sequence that never falls.
enum Isotonic {
    /// Pools neighbours that fall into their weighted mean.
    static func raise(_ values: inout [Double], weights: inout [Double]) {
        var isRising = true
        for index in values.indices.dropFirst() where values[index] < values[index - 1] {
            isRising = false
            break
        }
        if isRising { return }
        var lengths: [Int] = []
        var end = 0
        for index in values.indices {
            values[end] = values[index]
            weights[end] = weights[index]
            lengths.append(1)
            end += 1
            while end > 1, values[end - 2] > values[end - 1] {
                let weight = weights[end - 2] + weights[end - 1]
                values[end - 2] = (values[end - 2] * weights[end - 2] + values[end - 1] * weights[end - 1]) / weight
                weights[end - 2] = weight
                lengths[end - 2] += lengths.removeLast()
                end -= 1
            }
        }
        var index = values.count
        for block in lengths.indices.reversed() {
            let value = values[block]
            for _ in 0..<lengths[block] {
                index -= 1
                values[index] = value
            }
        }
    }
}
