import Glibc

/// Where the values of one axis stand, and which of them are written at it.
struct PlotScale {
    enum Kind {
        case linear
        case logarithmic
        /// Shares of 0...1 by their distance from 1, so that 99 % and 99.9 % are as far apart as 90 % and 99 %.
        case percentile
    }

    struct Tick {
        var value: Double
        var text: String
    }

    let kind: Kind
    let low: Double
    let high: Double
    let ticks: [Tick]

    /// From zero to a round number above all values.
    static func linear(_ values: [Double], text: (Double) -> String) -> PlotScale {
        let highest = max(values.max() ?? 1, 1e-9)
        let step = roundStep(highest / 5)
        let count = Int((highest / step - 1e-9).rounded(.up))
        let ticks = (0...max(1, count)).map { Tick(value: Double($0) * step, text: text(Double($0) * step)) }
        return PlotScale(kind: .linear, low: 0, high: ticks[ticks.count - 1].value, ticks: ticks)
    }

    /// Around all values, with a tick at 1, 2 and 5 of each decade, or at 1 only when there are many.
    static func logarithmic(_ values: [Double], text: (Double) -> String) -> PlotScale {
        let positive = values.filter { $0 > 0 }
        let low = positive.min() ?? 1
        let high = max(positive.max() ?? 10, low * 1.001)
        let decades = log10(high / low)
        let steps: [Double] = decades > 4 ? [1] : decades > 2.5 ? [1, 3] : [1, 2, 5]
        let first = Int(log10(low).rounded(.down)) - 1
        let all = (first...(Int(log10(high).rounded(.up)) + 1)).flatMap { power in
            steps.map { $0 * pow(10, Double(power)) }
        }
        let start = all.last { $0 <= low * 1.0001 } ?? low
        let end = all.first { $0 >= high * 0.9999 } ?? high
        let ticks = all.filter { $0 >= start * 0.9999 && $0 <= end * 1.0001 }.map { Tick(value: $0, text: text($0)) }
        return PlotScale(kind: .logarithmic, low: start, high: end, ticks: ticks)
    }

    /// From 0 to one in ten behind the last percentile that `count` values can have.
    static func percentiles(count: UInt64) -> PlotScale {
        let nines = max(2, min(6, Int(log10(Double(max(100, count))))))
        let shares =
            [(0.0, "0"), (0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99")]
            + [(0.99999, "99.999"), (0.999999, "99.9999")]
        let ticks = shares.prefix(nines + 2).map { Tick(value: $0.0, text: $0.1) }
        return PlotScale(kind: .percentile, low: 0, high: 1 - pow(10, -Double(nines)), ticks: ticks)
    }

    /// From 0, the low end, to 1.
    func position(of value: Double) -> Double {
        let position =
            switch kind {
            case .linear: (value - low) / (high - low)
            case .logarithmic: log(max(value, low) / low) / log(high / low)
            case .percentile: log(1 - min(value, high)) / log(1 - high)
            }
        return min(1, max(0, position))
    }

    /// 1, 2 or 5 times a power of ten.
    private static func roundStep(_ step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= step * 0.999 } ?? step
    }
}
