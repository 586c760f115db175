/// What a comparison of policies came to, for people.
public enum CacheComparison {
    /// One budget and what each policy made of it.
    public struct Point: Sendable {
        /// Of all models' bytes.
        public var share: Double
        public var outcomes: [CacheStudy.Outcome]

        public init(share: Double, outcomes: [CacheStudy.Outcome]) {
            self.share = share
            self.outcomes = outcomes
        }
    }

    private static let colours = ["#06c", "#999", "#6a6", "#c40"]

    public static func text(_ points: [Point]) -> String {
        var lines = ["BUDGET  " + CacheStudy.policies.map { padded($0, 24) }.joined()]
        for point in points {
            let cells = point.outcomes.map { outcome in
                padded("\(decimal(100 * outcome.hitRatio, 2)) %  \(decimal(Double(outcome.waited) / 1e9, 1)) s", 24)
            }
            lines.append(padded("\(decimal(100 * point.share, 1)) %", 8) + cells.joined())
        }
        return lines.joined(separator: "\n") + "\nHit ratio, and seconds that requests waited for loads.\n"
    }

    /// Hit ratio and waiting against the budget, in a file that needs nothing else.
    public static func svg(_ points: [Point]) -> String {
        let shares = points.map(\.share)
        func values(_ value: (CacheStudy.Outcome) -> Double) -> [[Double]] {
            CacheStudy.policies.indices.map { policy in points.map { value($0.outcomes[policy]) } }
        }
        var legend = ""
        for (index, name) in CacheStudy.policies.enumerated() {
            let x = 80 + 150 * index
            legend +=
                "<rect x=\"\(x)\" y=\"572\" width=\"16\" height=\"4\" fill=\"\(colours[index % colours.count])\"/>"
            legend += "<text x=\"\(x + 22)\" y=\"578\">\(name)</text>\n"
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 600" font-family="sans-serif" font-size="12">
            <rect width="720" height="600" fill="#fff"/>
            \(panel("Requests that found their model in memory (%)", 40, shares, values { 100 * $0.hitRatio }))\
            \(panel("Seconds that requests waited for loads", 310, shares, values { Double($0.waited) / 1e9 }))\
            \(legend)</svg>

            """
    }

    private static func panel(_ title: String, _ top: Double, _ shares: [Double], _ lines: [[Double]]) -> String {
        let highest = max(lines.flatMap { $0 }.max() ?? 0, 1e-9)
        let last = max(shares.max() ?? 0, 1e-9)
        func place(_ share: Double, _ value: Double) -> (String, String) {
            (decimal(80 + share / last * 600, 1), decimal(top + 200 * (1 - value / highest), 1))
        }
        var text = "<text x=\"80\" y=\"\(Int(top) - 12)\" font-weight=\"bold\">\(title)</text>\n"
        for mark in [0, 0.5, 1] {
            let (_, y) = place(0, highest * mark)
            text += "<path d=\"M80 \(y)H680\" stroke=\"#ddd\"/>"
            text += "<text x=\"72\" y=\"\(y)\" text-anchor=\"end\">\(decimal(highest * mark, 1))</text>\n"
        }
        for share in shares {
            let (x, _) = place(share, 0)
            text +=
                "<text x=\"\(x)\" y=\"\(Int(top) + 218)\" text-anchor=\"middle\">\(decimal(100 * share, 0)) %</text>\n"
        }
        for (index, line) in lines.enumerated() {
            let path = zip(shares, line).map { place($0, $1) }.map { "\($0.0),\($0.1)" }.joined(separator: " ")
            let colour = colours[index % colours.count]
            text += "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>\n"
        }
        return text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }

    /// With so many digits behind the point.
    private static func decimal(_ value: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let whole = Int((abs(value) * scale).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(whole)" }
        let text = String(repeating: "0", count: max(digits + 1 - "\(whole)".count, 0)) + "\(whole)"
        return sign + text.dropLast(digits) + "." + text.suffix(digits)
    }
}
