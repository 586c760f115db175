import ServingPrimitives

/// One figure of a report, as SVG with the page's colours.
struct Plot {
    struct Point {
        var x: Double
        var y: Double
        /// Shown when the pointer is over it.
        var text: String
    }

    struct Series {
        enum Style {
            case line
            case dashed
            /// Without marks, for many points.
            case curve
            case bars
            /// A thin grey line of reference.
            case reference
        }

        var name: String
        /// Number of the colour; of the target.
        var colour: Int
        var style = Style.line
        var points: [Point]
    }

    var title: String
    var xTitle: String
    var yTitle: String
    var x: PlotScale
    var y: PlotScale
    var series: [Series]

    private static let width = 560.0
    private static let height = 330.0
    private static let left = 76.0
    private static let right = 18.0
    private static let top = 14.0
    private static let bottom = 48.0

    /// A `figure` element.
    var html: String {
        """
        <figure>
        <figcaption>\(Markup.escaped(title))</figcaption>
        \(legend)
        <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" aria-label="\(Markup.escaped(title))">
        \(axes)
        \(series.map(drawing).joined(separator: "\n"))
        </svg>
        </figure>

        """
    }

    // MARK: Places

    private func px(_ value: Double) -> String {
        Self.number(Self.left + x.position(of: value) * (Self.width - Self.left - Self.right))
    }

    private func py(_ value: Double) -> String {
        Self.number(Self.height - Self.bottom - y.position(of: value) * (Self.height - Self.top - Self.bottom))
    }

    private static func number(_ value: Double) -> String { TextTable.fixed(value, 1) }

    // MARK: Parts

    private var axes: String {
        let rightEnd = Self.number(Self.width - Self.right)
        let floor = Self.number(Self.height - Self.bottom)
        var parts: [String] = []
        for tick in y.ticks {
            parts.append(
                "<line class=\"grid\" x1=\"\(Self.number(Self.left))\" x2=\"\(rightEnd)\" "
                    + "y1=\"\(py(tick.value))\" y2=\"\(py(tick.value))\"/>"
            )
            parts.append(
                "<text class=\"tick end\" x=\"\(Self.number(Self.left - 8))\" y=\"\(py(tick.value))\" dy=\"0.35em\">"
                    + "\(Markup.escaped(tick.text))</text>"
            )
        }
        for tick in thinned(x.ticks) {
            parts.append(
                "<line class=\"grid\" x1=\"\(px(tick.value))\" x2=\"\(px(tick.value))\" "
                    + "y1=\"\(Self.number(Self.top))\" y2=\"\(floor)\"/>"
            )
            parts.append(
                "<text class=\"tick middle\" x=\"\(px(tick.value))\" y=\"\(floor)\" dy=\"1.5em\">"
                    + "\(Markup.escaped(tick.text))</text>"
            )
        }
        let middle = Self.number((Self.left + Self.width - Self.right) / 2)
        parts.append(
            "<text class=\"name middle\" x=\"\(middle)\" y=\"\(Self.number(Self.height - 8))\">"
                + "\(Markup.escaped(xTitle))</text>"
        )
        let half = Self.number((Self.top + Self.height - Self.bottom) / 2)
        parts.append(
            "<text class=\"name middle\" transform=\"translate(14 \(half)) rotate(-90)\">"
                + "\(Markup.escaped(yTitle))</text>"
        )
        return parts.joined(separator: "\n")
    }

    /// Without those whose texts would touch.
    private func thinned(_ ticks: [PlotScale.Tick]) -> [PlotScale.Tick] {
        var kept: [PlotScale.Tick] = []
        for tick in ticks {
            let space =
                (Self.width - Self.left - Self.right)
                * (x.position(of: tick.value) - (kept.last.map { x.position(of: $0.value) } ?? -1))
            if space > 8 * Double(tick.text.count) + 6 { kept.append(tick) }
        }
        return kept
    }

    private var legend: String {
        guard series.count > 1 else { return "" }
        let items = series.map { series in
            "<span class=\"\(series.cssClass)\"><i></i>\(Markup.escaped(series.name))</span>"
        }
        return "<p class=\"legend\">\(items.joined(separator: " "))</p>"
    }

    private func drawing(_ series: Series) -> String {
        guard series.style != .bars else { return bars(series) }
        let path = series.points.enumerated().map { index, point in
            "\(index == 0 ? "M" : "L")\(px(point.x)) \(py(point.y))"
        }.joined()
        let marks =
            series.style == .line || series.style == .dashed
            ? series.points.map { point in
                "<circle cx=\"\(px(point.x))\" cy=\"\(py(point.y))\" r=\"3.5\"><title>\(Markup.escaped(point.text))</title></circle>"
            }.joined() : ""
        return "<g class=\"\(series.cssClass)\"><path d=\"\(path)\"/>\(marks)</g>"
    }

    /// Bars of several series stand side by side at each x.
    private func bars(_ series: Series) -> String {
        let all = self.series.filter { $0.style == .bars }
        let place = Double(all.firstIndex { $0.name == series.name } ?? 0)
        let room = (Self.width - Self.left - Self.right) / Double(max(1, x.ticks.count)) * 0.8
        let width = room / Double(all.count)
        let floor = Self.height - Self.bottom
        let bars = series.points.map { point in
            let start = (Double(px(point.x)) ?? 0) - room / 2 + place * width
            let top = Double(py(point.y)) ?? floor
            return
                "<rect x=\"\(Self.number(start))\" y=\"\(Self.number(top))\" width=\"\(Self.number(max(1, width - 1)))\" "
                + "height=\"\(Self.number(max(0, floor - top)))\"><title>\(Markup.escaped(point.text))</title></rect>"
        }.joined()
        return "<g class=\"\(series.cssClass)\">\(bars)</g>"
    }
}

extension Plot.Series {
    fileprivate var cssClass: String {
        let kind =
            switch style {
            case .line: "line"
            case .dashed: "line dashed"
            case .curve: "line curve"
            case .bars: "bars"
            case .reference: "line reference"
            }
        return "\(kind) c\(colour % 8)"
    }
}
