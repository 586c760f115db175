/// When requests are to be sent, in nanoseconds from the start: the next one after the other.
public struct ArrivalSchedule: Sendable {
    /// A stretch of constant rate.
    public struct Stretch: Sendable, Equatable {
        /// Seconds.
        public var duration: Double
        /// Requests a second; 0 for a pause.
        public var rate: Double

        public init(duration: Double, rate: Double) {
            self.duration = duration
            self.rate = rate
        }
    }

    private enum Source: Sendable {
        /// Poisson arrivals, at the rates of the stretches.
        case poisson([Stretch], RandomSource)
        case recorded([UInt64])
    }

    private var source: Source
    private var position = 0
    /// Seconds: where the next gap begins, and where the stretch of `position` does.
    private var time = 0.0
    private var stretchStart = 0.0

    public static func poisson(_ stretches: [Stretch], seed: UInt64) -> ArrivalSchedule {
        ArrivalSchedule(source: .poisson(stretches, RandomSource(seed: seed)))
    }

    /// - Parameter times: nanoseconds from the start, ascending.
    public static func recorded(_ times: [UInt64]) -> ArrivalSchedule { ArrivalSchedule(source: .recorded(times)) }

    private init(source: Source) { self.source = source }

    /// The next arrival, `nil` at the end.
    public mutating func next() -> UInt64? {
        switch source {
        case .poisson(let stretches, var random):
            defer { source = .poisson(stretches, random) }
            return nextPoisson(stretches, &random)
        case .recorded(let times):
            guard position < times.count else { return nil }
            defer { position += 1 }
            return times[position]
        }
    }

    /// A gap that crosses the end of a stretch begins anew there, at the new rate: the process has no memory.
    private mutating func nextPoisson(_ stretches: [Stretch], _ random: inout RandomSource) -> UInt64? {
        while position < stretches.count {
            let stretch = stretches[position]
            let end = stretchStart + stretch.duration
            if stretch.rate > 0 {
                let arrival = time + random.exponential() / stretch.rate
                if arrival < end {
                    time = arrival
                    return UInt64(arrival * 1e9)
                }
            }
            time = end
            stretchStart = end
            position += 1
        }
        return nil
    }
}
