/// What a bare loop reaches that runs one batch size back to back on each thread, and never looks at a queue: nobody
/// who forms batches of one size does better.
public struct LoopCeiling: Sendable {
    let curve: SimulatedCurve
    let threads: Int
    /// Nanoseconds from arrival to answer; `nil` when any will do.
    let objective: Double?
    let maximumRows: Int

    public init(curve: SimulatedCurve, threads: Int, objective: Double?, maximumRows: Int = 16_384) {
        self.curve = curve
        self.threads = threads
        self.objective = objective
        self.maximumRows = maximumRows
    }

    /// Rows a second that can come forever and all be in time: a row waits for the batch before at most, then runs.
    public var capacity: Double {
        best { _, time in objective.map { 2 * time <= $0 } ?? true }
    }

    /// Rows a second in time when so many come: a batch has the rows that came last, and the oldest of those has to be
    /// in time.
    public func rows(offered: Double) -> Double {
        guard offered > 0 else { return 0 }
        let share = offered / Double(threads) / 1e9
        return min(offered, best { rows, time in objective.map { time + Double(rows) / share <= $0 } ?? true })
    }

    private func best(where isInTime: (Int, Double) -> Bool) -> Double {
        var best = 0.0
        var rows = 1
        while rows <= maximumRows {
            let time = curve.nanoseconds(rows: rows)
            if isInTime(rows, time) { best = max(best, Double(rows) / time) }
            rows += max(1, rows / 64)
        }
        return best * Double(threads) * 1e9
    }
}
