extension RunReport {
    /// The figures that the results have enough for.
    var plots: [Plot] {
        [goodputPlot, latencyPlot, cpuPlot, batchPlot].compactMap { $0 } + distributionPlots + batchSharePlots
            + burstPlots
    }

    // MARK: Against load

    /// What stands on the axis of loads: offered requests a second, or requests in flight.
    private var loads: (title: String, of: (LoadResult) -> Double)? {
        let open = results.filter { $0.level.rate != nil }
        let closed = results.filter { $0.level.rate == nil }
        if open.count > closed.count { return ("offered requests/s", \.offeredRate) }
        return ("requests in flight", { $0.inFlight ?? 0 })
    }

    /// Results of one target that can stand on the axis of loads, by load; of a search, in order of the rates.
    private func onAxis(_ target: Int, _ load: (LoadResult) -> Double) -> [LoadResult] {
        results.filter { $0.target == target && load($0) > 0 && !$0.isBurst }.sorted { load($0) < load($1) }
    }

    private func againstLoad(
        _ title: String,
        _ yTitle: String,
        values: [(name: String, style: Plot.Series.Style, of: (LoadResult) -> Double?)],
        scale: ([Double]) -> PlotScale,
        text: @escaping (Double) -> String
    ) -> Plot? {
        guard let loads else { return nil }
        var series: [Plot.Series] = []
        for (index, target) in targets.enumerated() {
            for value in values {
                let points = onAxis(index, loads.of).compactMap { result -> Plot.Point? in
                    guard let y = value.of(result) else { return nil }
                    let what = value.name.isEmpty ? "" : ", \(value.name)"
                    return Plot.Point(
                        x: loads.of(result),
                        y: y,
                        text: "\(target.name), \(result.level.label)\(what): \(text(y))"
                    )
                }
                let name = [targets.count > 1 ? target.name : "", value.name].filter { !$0.isEmpty }.joined(
                    separator: " "
                )
                if !points.isEmpty {
                    series.append(Plot.Series(name: name, colour: index, style: value.style, points: points))
                }
            }
        }
        let xs = series.flatMap { $0.points.map(\.x) }
        guard Set(xs).count > 1 else { return nil }
        return Plot(
            title: title,
            xTitle: loads.title,
            yTitle: yTitle,
            x: hasOpenLoop ? .linear(xs, text: TextTable.compact) : .logarithmic(xs, text: TextTable.compact),
            y: scale(series.flatMap { $0.points.map(\.y) }),
            series: series
        )
    }

    private var goodputPlot: Plot? {
        let name = hasDeadline ? "answers in time/s" : "answers/s"
        var plot = againstLoad(
            hasDeadline ? "Goodput: answers within \(TextTable.axisTime(Double(plan.deadline ?? 0)))" : "Good answers",
            name,
            values: [("", .line, { $0.goodput })],
            scale: { .linear($0, text: TextTable.compact) },
            text: { TextTable.rate($0) + "/s" }
        )
        if hasOpenLoop, let x = plot?.x, let y = plot?.y {
            // Everything that is offered is answered.
            let end = min(x.high, y.high)
            let points = [Plot.Point(x: 0, y: 0, text: ""), Plot.Point(x: end, y: end, text: "")]
            plot?.series.append(Plot.Series(name: "offered", colour: 0, style: .reference, points: points))
        }
        return plot
    }

    private var latencyPlot: Plot? {
        againstLoad(
            "Latency against load",
            "latency",
            values: [
                ("p50", .dashed, { $0.latency(0.5) }), ("p99", .line, { $0.latency(0.99) }),
            ],
            scale: { .logarithmic($0, text: TextTable.axisTime) },
            text: { TextTable.time(UInt64($0)) }
        )
    }

    private var cpuPlot: Plot? {
        againstLoad(
            "CPU for each request",
            "µs",
            values: [("server", .line, \.serverCPU), ("client", .dashed, { $0.clientCPU })],
            scale: { .linear($0, text: TextTable.compact) },
            text: { TextTable.digits($0) + " µs" }
        )
    }

    private var batchPlot: Plot? {
        againstLoad(
            "Rows of a batch, mean",
            "rows",
            values: [("", .line, { $0.batches?.mean })],
            scale: { .linear($0, text: TextTable.compact) },
            text: { TextTable.digits($0) }
        )
    }

    // MARK: Of single loads

    /// Loads to look at closely: the first, the last and some between.
    private var chosenLabels: [String] {
        var labels: [String] = []
        for result in results where !labels.contains(result.level.label) && !result.tally.latency.isEmpty {
            labels.append(result.level.label)
        }
        guard labels.count > 4 else { return labels }
        return [0, labels.count / 3, 2 * labels.count / 3, labels.count - 1].map { labels[$0] }
    }

    private var distributionPlots: [Plot] {
        chosenLabels.compactMap { label in
            let shown = results.filter { $0.level.label == label && !$0.tally.latency.isEmpty }
            let x = PlotScale.percentiles(count: shown.map(\.tally.latency.count).max() ?? 0)
            let series = shown.map { result in
                Plot.Series(
                    name: targets[result.target].name,
                    colour: result.target,
                    style: .curve,
                    points: result.tally.latency.curve(to: x.high)
                )
            }
            guard !series.isEmpty else { return nil }
            return Plot(
                title: "Latency by percentile, \(label)",
                xTitle: "percentile of answers",
                yTitle: "latency",
                x: x,
                y: .logarithmic(series.flatMap { $0.points.map(\.y) }, text: TextTable.axisTime),
                series: series
            )
        }
    }

    private var batchSharePlots: [Plot] {
        chosenLabels.compactMap { label in
            let shown = results.filter { $0.level.label == label && ($0.batches?.batchCount ?? 0) > 0 }
            let bounds = Set(shown.flatMap { $0.batches?.buckets.filter { $0.count > 0 }.map(\.bound) ?? [] }).sorted()
            guard !bounds.isEmpty else { return nil }
            let places = Dictionary(bounds.enumerated().map { ($1, Double($0) + 0.5) }, uniquingKeysWith: { $1 })
            let series = shown.map { result in
                let total = Double(max(1, result.batches?.batchCount ?? 1))
                let points = (result.batches?.buckets ?? []).compactMap { bucket -> Plot.Point? in
                    guard bucket.count > 0, let place = places[bucket.bound] else { return nil }
                    let share = 100 * Double(bucket.count) / total
                    return Plot.Point(
                        x: place,
                        y: share,
                        text: "\(targets[result.target].name): \(TextTable.digits(share)) %"
                    )
                }
                return Plot.Series(
                    name: targets[result.target].name,
                    colour: result.target,
                    style: .bars,
                    points: points
                )
            }
            let ticks = bounds.map { bound in
                PlotScale.Tick(value: places[bound] ?? 0, text: bound.isFinite ? "≤\(TextTable.short(bound))" : "more")
            }
            return Plot(
                title: "Batches by size, \(label)",
                xTitle: "rows of the batch",
                yTitle: "% of batches",
                x: PlotScale(kind: .linear, low: 0, high: Double(bounds.count), ticks: ticks),
                y: .linear(series.flatMap { $0.points.map(\.y) }, text: TextTable.compact),
                series: series
            )
        }
    }

    private var burstPlots: [Plot] {
        results.filter(\.isBurst).compactMap { result in
            // Ten buckets of 10 ms: a point for each 100 ms.
            let points = stride(from: 0, to: result.tally.series.count - 9, by: 10).map { start in
                let window = result.tally.series[start..<(start + 10)]
                return (
                    seconds: Double(start) / 100, offered: window.reduce(0) { $0 + Double($1.offered) } * 10,
                    good: window.reduce(0) { $0 + Double($1.good) } * 10
                )
            }
            guard points.count > 1 else { return nil }
            let series = [
                Plot.Series(
                    name: "offered",
                    colour: result.target,
                    style: .reference,
                    points: points.map { Plot.Point(x: $0.seconds, y: $0.offered, text: "") }
                ),
                Plot.Series(
                    name: hasDeadline ? "in time" : "answered",
                    colour: result.target,
                    style: .curve,
                    points: points.map { Plot.Point(x: $0.seconds, y: $0.good, text: "") }
                ),
            ]
            return Plot(
                title: "\(targets[result.target].name) through a burst, \(result.level.label)",
                xTitle: "seconds",
                yTitle: "requests/s",
                x: .linear(points.map(\.seconds), text: TextTable.compact),
                y: .linear(series.flatMap { $0.points.map(\.y) }, text: TextTable.compact),
                series: series
            )
        }
    }
}

extension LoadResult {
    fileprivate var inFlight: Double? {
        if case .closed(let inFlight) = level { Double(inFlight) } else { nil }
    }

    fileprivate var isBurst: Bool {
        if case .burst = level { true } else { false }
    }

    fileprivate func latency(_ share: Double) -> Double? {
        tally.latency.isEmpty ? nil : Double(tally.latency.value(at: share))
    }
}

extension LatencyHistogram {
    /// Points for a curve over percentiles: enough of them where it is steep, none that cannot be seen.
    fileprivate func curve(to highest: Double) -> [Plot.Point] {
        var points: [Plot.Point] = []
        var distance = 1.0
        while 1 - distance < highest {
            points.append(point(1 - distance))
            distance *= 0.94
        }
        points.append(point(highest))
        return points
    }

    private func point(_ share: Double) -> Plot.Point {
        Plot.Point(x: share, y: Double(max(1, value(at: share))), text: "")
    }
}

extension TextTable {
    /// For an axis: `1.5k`, `20k`, `3M`.
    static func compact(_ value: Double) -> String {
        switch value {
        case 1e6...: short(value / 1e6) + "M"
        case 10e3...: short(value / 1e3) + "k"
        default: short(value)
        }
    }

    /// Nanoseconds for an axis: `50 µs`, `2 ms`.
    static func axisTime(_ nanoseconds: Double) -> String {
        switch nanoseconds {
        case ..<999.9: short(nanoseconds) + " ns"
        case ..<999_999: short(nanoseconds / 1e3) + " µs"
        case ..<999_999_999: short(nanoseconds / 1e6) + " ms"
        default: short(nanoseconds / 1e9) + " s"
        }
    }
}
