/// How long a batch of n rows runs, learnt from runs.
///
/// Runs are kept in buckets of sizes, four to a factor of two; each bucket follows its runs slowly, so that a run that
/// was preempted, or the first one, which may have compiled a graph, does not decide. Between buckets times are
/// interpolated; a larger batch is never expected to be faster than a smaller one. Beyond the largest size that ran,
/// time grows at least as it did before, and `knownRows` says how far a guess goes.
public struct LatencyCurve: Sendable {
    /// Bounds the sizes that are told apart.
    static let maximumRows = 1 << 20
    /// A bucket follows the last so many runs.
    static let memory = 32.0
    /// The machine's pace follows the last so many runs of known sizes.
    static let paceMemory = 24.0
    /// Sizes that differ by at most this factor are worth trying beside each other.
    static let nearby = 2
    /// A larger size has to be cheaper per row by this factor to count: measured times are noisy, and where sizes cost
    /// the same a small batch holds up nobody.
    static let clearGain = 0.98
    /// A doubled batch has to be cheaper per row by this factor for the next doubling to be tried: a large batch holds
    /// up everybody behind it.
    static let worthwhileGain = 0.93
    /// Where a doubling gave that much, the next is tried before many runs have confirmed it.
    static let steepGain = 0.8

    private var buckets: [CurveBucket] = []
    private var runs = 0
    /// What the machine takes now, of the times in the buckets: other work slows down runs of all sizes alike. Without it
    /// a size that ran in a bad moment would look worse than one that ran in a good one.
    private var pace = 1.0
    /// The buckets that have runs, in order of rows, with times that never fall.
    private var rows: [Double] = []
    private var times: [Double] = []
    /// Nanoseconds that a row beyond the largest size adds.
    private var slopeBeyond = 0.0

    /// Of the sizes that ran, the largest; 0 when none did.
    public private(set) var largestRows = 0
    /// Of the sizes that ran, the one that is cheapest per row, the smallest of those that cost about the same.
    public private(set) var bestRows = 1
    /// What a row costs at least, in nanoseconds.
    public private(set) var leastPerRow = 0.0
    /// Times are multiplied with it where a deadline is at stake: runs rarely take longer.
    public private(set) var safety = 1.1

    public init() {}

    /// Whether nothing ran yet.
    public var isUnknown: Bool { rows.isEmpty }

    /// Runs of about that size.
    func samples(rows: Int) -> Int {
        let index = CurveBucket.index(of: rows)
        return index < buckets.count ? buckets[index].samples : 0
    }

    // MARK: Learning

    /// A batch of so many rows ran that long, or would have if nothing had held it up.
    ///
    /// - Parameter measured: how long it really ran, by which predictions have to be safe; `nil` when that is the same.
    public mutating func learn(rows: Int, nanoseconds: UInt64, measured: UInt64? = nil) {
        guard rows > 0 else { return }
        if !isUnknown {
            learnSafety(ratio: max(Double(measured ?? nanoseconds), 1) / max(self.nanoseconds(rows: rows), 1))
        }
        let time = max(Double(nanoseconds), 1) * Double(min(rows, Self.maximumRows)) / Double(rows)
        let rows = min(rows, Self.maximumRows)
        let index = CurveBucket.index(of: rows)
        while buckets.count <= index { buckets.append(CurveBucket()) }
        runs += 1
        let (size, ownTime) = (Double(rows), time / pace)
        if buckets[index].isSure(at: runs) { learnPace(off: buckets[index].off(rows: size, time: ownTime)) }
        let isNews = buckets[index].learn(rows: size, time: ownTime, run: runs)
        if pace < 0.5 || pace > 2 {
            for index in buckets.indices { buckets[index].scale(by: pace) }
            pace = 1
        }
        largestRows = max(largestRows, rows)
        // What a run adds to many is not worth the work at once.
        if isNews || runs < 64 || runs % 8 == 0 { rebuild() }
    }

    /// Takes a run of a known size for a sign of how fast the machine is. It is weighed as the bucket weighs it: else the
    /// two would follow different means, and drift apart.
    private mutating func learnPace(off: Double) {
        pace *= CurveBucket.growth(off / Self.paceMemory)
    }

    /// Follows the size of error that nine of ten runs stay below.
    private mutating func learnSafety(ratio: Double) {
        let step = ratio > safety ? 0.018 : -0.002
        safety = min(max(safety + step, 1), 2)
    }

    private mutating func rebuild() {
        rows.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        var weights: [Double] = []
        var spreads: [Double] = []
        for bucket in buckets where bucket.samples > 0 {
            rows.append(bucket.rows)
            times.append(bucket.time * pace)
            weights.append(bucket.weight(at: runs))
            spreads.append(bucket.spread)
        }
        smooth(weights, spreads)
        boundUnsureTimes()
        Isotonic.raise(&times, weights: &weights)
        slopeBeyond = tailSlope()
        findBest()
    }

    /// What ran only a few times, perhaps in a bad moment, is not taken to cost more per row than a smaller size that is
    /// known: else it would never be tried again.
    private mutating func boundUnsureTimes() {
        var least = Double.infinity
        var index = 0
        for bucket in buckets where bucket.samples > 0 {
            if bucket.isSure(at: runs) {
                least = min(least, times[index] / rows[index])
            } else {
                times[index] = min(times[index], least * rows[index])
            }
            index += 1
        }
    }

    /// A size whose time is not known well: it ran a few times only, perhaps in a bad moment, or long ago. The smallest
    /// of them in `range`, `size` itself excepted; `nil` when all are known.
    func unsureRows(besides size: Int, in range: ClosedRange<Int>) -> Int? {
        var index = 0
        for bucket in buckets where bucket.samples > 0 {
            let rows = Int(self.rows[index].rounded(.up))
            index += 1
            guard rows != size, range.contains(rows) else { continue }
            if !bucket.isSure(at: runs) { return rows }
        }
        return nil
    }

    /// Moves each time towards the line through its neighbours, as far as it may be chance that it is not on it.
    private mutating func smooth(_ weights: [Double], _ spreads: [Double]) {
        guard rows.count > 2 else { return }
        let measured = times
        var first = 0
        for index in rows.indices {
            while rows[first] * 4 < rows[index] { first += 1 }
            var line = LineFit()
            var spread = 0.0
            var last = first
            while last < rows.count, rows[last] <= rows[index] * 4 {
                // Errors grow with times.
                line.add(rows[last], measured[last], weight: weights[last] / (measured[last] * measured[last]))
                spread = max(spread, spreads[last])
                last += 1
            }
            guard let expected = line.value(at: rows[index]), expected > 0 else { continue }
            let off = measured[index] / expected - 1
            let chance = 4 * spread / max(weights[index], 1)
            let trust = off * off / (off * off + chance + 1e-9)
            times[index] = expected + trust * (measured[index] - expected)
        }
    }

    /// What a row adds at the end of what is known, by least squares over the last two doublings.
    private func tailSlope() -> Double {
        let last = rows.count - 1
        let average = times[last] / rows[last]
        var first = last
        while first > 0, rows[first - 1] * 4 >= rows[last] { first -= 1 }
        guard last > first else { return average }
        var line = LineFit()
        for index in first...last { line.add(rows[index], times[index], weight: 1) }
        return max(line.slope ?? average, average / 4)
    }

    private mutating func findBest() {
        bestRows = 1
        leastPerRow = .infinity
        var best = Double.infinity
        for index in rows.indices {
            let cost = times[index] / rows[index]
            leastPerRow = min(leastPerRow, cost)
            guard cost < best * Self.clearGain else { continue }
            best = cost
            bestRows = Int(rows[index].rounded())
        }
    }

    // MARK: Asking

    /// The time that a batch of so many rows is expected to run; 0 for no rows and while nothing is known.
    public func nanoseconds(rows count: Int) -> Double {
        guard count > 0, let largest = rows.last else { return 0 }
        let count = Double(count)
        if count >= largest { return times[rows.count - 1] + (count - largest) * slopeBeyond }
        guard count > rows[0] else { return timeBelowFirst(count) }
        var low = 0
        var high = rows.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if rows[middle] <= count { low = middle } else { high = middle }
        }
        let share = (count - rows[low]) / (rows[high] - rows[low])
        return times[low] + share * (times[high] - times[low])
    }

    /// Nothing as small ran: half of the time is taken for fixed, or what the next sizes say.
    private func timeBelowFirst(_ count: Double) -> Double {
        let proportional = times[0] * count / rows[0]
        guard rows.count > 1 else { return (times[0] + proportional) / 2 }
        let slope = (times[1] - times[0]) / (rows[1] - rows[0])
        return min(max(times[0] - slope * (rows[0] - count), proportional), times[0])
    }

    /// The largest batch that is expected to take at most so long; 0 when not even one row does.
    public func rows(within nanoseconds: Double) -> Int {
        guard let first = times.first else { return Self.maximumRows }
        let last = rows.count - 1
        if nanoseconds >= times[last] {
            let rows = rows[last] + (nanoseconds - times[last]) / slopeBeyond
            return rows >= Double(Self.maximumRows) ? Self.maximumRows : Int(rows)
        }
        if nanoseconds < first { return rowsBelowFirst(nanoseconds) }
        var low = 0
        var high = last
        while high - low > 1 {
            let middle = (low + high) / 2
            if times[middle] <= nanoseconds { low = middle } else { high = middle }
        }
        let share = (nanoseconds - times[low]) / (times[high] - times[low])
        return Int(rows[low] + share * (rows[high] - rows[low]))
    }

    private func rowsBelowFirst(_ nanoseconds: Double) -> Int {
        var low = 0
        var high = Int(rows[0])
        while low < high {
            let middle = (low + high + 1) / 2
            if timeBelowFirst(Double(middle)) <= nanoseconds { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Whether the last doubling of the size that ran made rows clearly cheaper, or nothing tells yet.
    var mayFallFurther: Bool {
        guard largestRows > 1, times.count > 1, let largest = buckets.last else { return true }
        let half = largestRows / 2
        let gain = nanoseconds(rows: largestRows) / Double(largestRows) / (nanoseconds(rows: half) / Double(half))
        return gain < (largest.isSure(at: runs) ? Self.worthwhileGain : Self.steepGain)
    }

    /// The curve of rows that cost `factor` as much.
    func scaled(by factor: Double) -> LatencyCurve {
        var curve = self
        for index in curve.times.indices { curve.times[index] *= factor }
        curve.slopeBeyond *= factor
        curve.leastPerRow *= factor
        return curve
    }

    /// For people.
    public func explanation(of shape: ShapeClass) -> CurveExplanation {
        let points = buckets.filter { $0.samples > 0 }.enumerated().map { index, bucket in
            CurveExplanation.Point(rows: rows[index], nanoseconds: times[index], samples: bucket.samples)
        }
        return CurveExplanation(shape: shape, points: points, bestRows: bestRows, safety: safety)
    }

    /// The size among those known, up to `limit`, with which `waiting` rows are done soonest on average, when batches of
    /// one size run on `threads` threads; smaller where it hardly matters. What is won in time is weighed against what
    /// it costs: to spread rows over threads that is twice as much work has to be done in less than half of the time.
    func size(draining waiting: Double, threads: Double, limit: Int) -> Int {
        var bestSize = 1
        func cost(_ size: Double, _ time: Double) -> Double {
            time * (waiting / (threads * size) + 1) * (time / size)
        }
        var best = cost(1, nanoseconds(rows: 1))
        func consider(_ size: Double, _ time: Double) {
            let cost = cost(size, time)
            guard cost < best * Self.clearGain * Self.clearGain else { return }
            best = cost
            bestSize = Int(size)
        }
        for index in rows.indices where rows[index] > 1 {
            let size = rows[index].rounded(.down)
            guard size < Double(limit) else { break }
            consider(size, times[index])
        }
        if limit > 1 { consider(Double(limit), nanoseconds(rows: limit)) }
        return bestSize
    }
}

extension UInt64 {
    /// The whole number below, or the nearest there is.
    init(clamping value: Double) { self = value >= 1.8e19 ? .max : value > 0 ? UInt64(value) : 0 }
}
