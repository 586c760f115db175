import SchedulerSimulation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How long a request waits for the slowest of the shards that it asks, with and without asking another replica when one is
/// late. The times of shards are drawn from a log-normal distribution, each by itself: shards that are slow at the same time,
/// as by a network's fault, are another matter.
public struct FanOutSimulation: Sendable {
    /// Of the answers of one shard.
    public struct Latency: Sendable, Hashable {
        public var median: Double
        public var p99: Double

        public init(median: Double, p99: Double) {
            self.median = median
            self.p99 = p99
        }
    }

    public struct Outcome: Sendable, Hashable {
        public var median: Double
        public var p99: Double
        /// Calls for each call of a request without hedging.
        public var calls: Double
    }

    public let shards: Int
    public let latency: Latency

    /// The standard normal distribution's value that one in a hundred is above.
    private static let p99Deviation = 2.326_347_874
    /// And one in twenty.
    private static let p95Deviation = 1.644_853_627

    public init(shards: Int, latency: Latency) {
        self.shards = max(1, shards)
        self.latency = latency
    }

    private var spread: Double { log(latency.p99 / latency.median) / Self.p99Deviation }

    /// When another replica is asked, too: one answer in twenty is later.
    public var hedgeDelay: Double { latency.median * exp(spread * Self.p95Deviation) }

    public func run(requests: Int, hedged: Bool, seed: UInt64) -> Outcome {
        var random = Normal(RandomSource(seed: seed))
        let (spread, delay) = (spread, hedgeDelay)
        var slowest: [Double] = []
        slowest.reserveCapacity(requests)
        var calls = 0
        for _ in 0..<requests {
            var latest = 0.0
            for _ in 0..<shards {
                var time = latency.median * exp(spread * random.next())
                calls += 1
                if hedged, time > delay {
                    time = min(time, delay + latency.median * exp(spread * random.next()))
                    calls += 1
                }
                latest = max(latest, time)
            }
            slowest.append(latest)
        }
        slowest.sort()
        func share(_ share: Double) -> Double { slowest[min(slowest.count - 1, Int(Double(slowest.count) * share))] }
        return Outcome(median: share(0.5), p99: share(0.99), calls: Double(calls) / Double(requests * shards))
    }

    /// Numbers of mean 0 and deviation 1, by Box and Muller.
    private struct Normal {
        private var random: RandomSource
        private var spare: Double?

        init(_ random: RandomSource) { self.random = random }

        mutating func next() -> Double {
            if let spare {
                self.spare = nil
                return spare
            }
            let radius = sqrt(-2 * log(random.unit()))
            let angle = 2 * Double.pi * random.unit()
            spare = radius * sin(angle)
            return radius * cos(angle)
        }
    }
}
