import EngineEmbedding
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How many more ids several threads look up than one, by the clock.
enum Scaling {
    private static let rounds = 5

    /// The median of rounds, each with one thread and then with several.
    static func measure(_ table: EmbeddingTable, _ queries: Queries, threads: Int, seconds: Double) -> Double {
        let time = seconds / Double(2 * rounds)
        let gains = (0..<rounds).map { _ in
            let one = rate(table, queries, threads: 1, seconds: time)
            return rate(table, queries, threads: threads, seconds: time) / one
        }
        return gains.sorted()[rounds / 2]
    }

    /// Ids in a second.
    private static func rate(_ table: EmbeddingTable, _ queries: Queries, threads: Int, seconds: Double) -> Double {
        let counts = Counts()
        let end = Clock.wall() + seconds
        for _ in 0..<threads {
            startThread(named: "lookup") {
                var count = 0
                let start = Clock.wall()
                while Clock.wall() < end {
                    _ = try? queries.lookUp(table, rounds: 1)
                    count += queries.count
                }
                counts.end(Double(count) / (Clock.wall() - start))
            }
        }
        while counts.ended < threads { usleep(1_000) }
        return counts.sum
    }

    private final class Counts: Sendable {
        private let rates = Mutex<[Double]>([])
        func end(_ rate: Double) { rates.withLock { $0.append(rate) } }
        var ended: Int { rates.withLock { $0.count } }
        var sum: Double { rates.withLock { $0.reduce(0, +) } }
    }
}
