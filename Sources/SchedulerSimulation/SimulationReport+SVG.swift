extension SimulationReport {
    /// Goodput and the 99th percentile of latency against load, in a file that needs nothing else.
    public static func svg(_ points: [LoadStudy.Point], _ study: LoadStudy) -> String {
        let loads = points.map(\.load)
        let goodput = Panel(
            title: "Goodput (rows/s in time) and ceiling against load",
            top: 40,
            lines: [
                ("#999", points.map(\.ceiling)), ("#06c", points.map(\.result.goodput)),
            ]
        )
        let latency = Panel(
            title: "Latency in ms: median and 99th percentile",
            top: 320,
            lines: [
                ("#6a6", points.map { $0.result.latency(0.5) / 1e6 }),
                ("#c40", points.map { $0.result.latency(0.99) / 1e6 }),
            ]
        )
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 600" font-family="sans-serif" font-size="12">
            <rect width="720" height="600" fill="#fff"/>
            \(goodput.drawn(loads))\(latency.drawn(loads))</svg>

            """
    }

    /// Lines over a common axis of loads.
    private struct Panel {
        let title: String
        let top: Double
        let lines: [(colour: String, values: [Double])]

        private static let left = 80.0
        private static let width = 600.0
        private static let height = 200.0

        func drawn(_ loads: [Double]) -> String {
            let highest = max(lines.flatMap(\.values).max() ?? 0, 1e-9)
            let last = max(loads.max() ?? 0, 1e-9)
            func place(_ load: Double, _ value: Double) -> (String, String) {
                let x = Self.left + load / last * Self.width
                let y = top + Self.height * (1 - value / highest)
                return (SimulationReport.decimal(x, 1), SimulationReport.decimal(y, 1))
            }
            var text = "<text x=\"\(Int(Self.left))\" y=\"\(Int(top) - 12)\" font-weight=\"bold\">\(title)</text>\n"
            for mark in [0, 0.5, 1] {
                let (_, y) = place(0, highest * mark)
                let label = SimulationReport.decimal(highest * mark, highest < 100 ? 1 : 0)
                text += "<path d=\"M80 \(y)H680\" stroke=\"#ddd\"/>"
                text += "<text x=\"72\" y=\"\(y)\" text-anchor=\"end\">\(label)</text>\n"
            }
            for load in loads {
                let (x, _) = place(load, 0)
                let label = SimulationReport.decimal(load, 2)
                text += "<text x=\"\(x)\" y=\"\(Int(top + Self.height) + 18)\" text-anchor=\"middle\">\(label)</text>\n"
            }
            for line in lines {
                let path = zip(loads, line.values).map { place($0, $1) }.map { "\($0.0),\($0.1)" }.joined(
                    separator: " "
                )
                text += "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(line.colour)\" stroke-width=\"2\"/>\n"
            }
            return text
        }
    }
}
