/// What simulations came to, for people.
public enum SimulationReport {
    /// A table and a plot of several loads.
    public static func text(_ points: [LoadStudy.Point], _ study: LoadStudy) -> String {
        let header = [
            "load", "offered/s", "goodput/s", "ceiling/s", "ratio", "p50 ms", "p99 ms", "batch", "dropped", "refused",
            "late", "busy",
        ]
        let rows = points.map { point -> [String] in
            let result = point.result
            let total = result.total
            return [
                decimal(point.load, 2), whole(result.offeredPerSecond), whole(result.goodput), whole(point.ceiling),
                decimal(point.ratio, 3), decimal(result.latency(0.5) / 1e6, 2), decimal(result.latency(0.99) / 1e6, 2),
                decimal(result.meanBatch, 1), "\(total.dropped.requests)", "\(total.refused.requests)",
                "\(total.late.requests)", decimal(result.utilisation, 2),
            ]
        }
        return "Capacity (load 1): \(whole(study.capacity)) rows/s on \(study.threads) threads\n\n"
            + table([header] + rows) + "\n" + plot(points)
    }

    /// A recorded load.
    public static func text(_ result: SimulationResult) -> String {
        let header = ["model", "offered", "in time", "late", "dropped", "refused"]
        let rows = result.models.enumerated().map { index, model in
            [
                "\(index)", "\(model.offered.requests)", "\(model.inTime.requests)", "\(model.late.requests)",
                "\(model.dropped.requests)", "\(model.refused.requests)",
            ]
        }
        return table([header] + rows)
            + "\np50 \(decimal(result.latency(0.5) / 1e6, 2)) ms, p99 \(decimal(result.latency(0.99) / 1e6, 2)) ms, "
            + "mean batch \(decimal(result.meanBatch, 1)) rows, busy \(decimal(result.utilisation, 2))"
    }

    /// A burst: what became of requests around its end.
    public static func text(_ outcome: LoadStudy.BurstOutcome) -> String {
        let result = outcome.result
        let total = result.total
        let recovery = outcome.recovery.map { "\($0 / 1_000_000) ms after its end" } ?? "not within the run"
        return """
            During the burst (\(decimal(outcome.burst.load, 1)) x capacity for \(decimal(outcome.burst.seconds, 1)) s): \
            goodput \(decimal(outcome.burstRatio, 3)) of the ceiling
            Nothing is lost any more: \(recovery) (windows of \(outcome.window / 1_000_000) ms)
            In all: \(total.offered.requests) requests, \(total.inTime.requests) in time, \(total.late.requests) late, \
            \(total.dropped.requests) dropped, \(total.refused.requests) refused

            """
    }

    // MARK: Text

    static func table(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
        }.joined(separator: "\n") + "\n"
    }

    /// Goodput against load, `#`, and its ceiling, `-`.
    static func plot(_ points: [LoadStudy.Point]) -> String {
        let width = 60.0
        guard let top = points.map({ max($0.ceiling, $0.result.goodput) }).max(), top > 0 else { return "" }
        let bars = points.map { point in
            let good = Int(point.result.goodput / top * width)
            let free = max(Int(point.ceiling / top * width) - good, 0)
            let label = decimal(point.load, 2)
            return String(repeating: " ", count: max(6 - label.count, 0)) + label + " |"
                + String(repeating: "#", count: good) + String(repeating: "-", count: free)
        }
        return "  load  goodput (#) and what is left to the ceiling (-)\n" + bars.joined(separator: "\n") + "\n"
    }

    static func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }

    static func decimal(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * scale).rounded())
        guard digits > 0 else { return "\(scaled)" }
        let fraction = "\(scaled % Int(scale))"
        return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
