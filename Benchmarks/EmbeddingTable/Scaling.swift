import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How many more ids several threads look up than one.
struct Scaling {
    /// By the clock: the processors that others use are missing.
    var byClock: Double
    /// By processor time: what threads that look up at once cost each other.
    var byProcessorTime: Double

    private static let rounds = 9

    /// The medians of rounds, each with one thread and then with several.
    static func measure(_ subject: some LookupSubject, threads: Int, seconds: Double) -> Scaling {
        let time = seconds / Double(2 * rounds)
        let gains = (0..<rounds).map { _ in
            let one = rate(subject, threads: 1, seconds: time)
            let several = rate(subject, threads: threads, seconds: time)
            return Scaling(
                byClock: several.byClock / one.byClock,
                byProcessorTime: several.byProcessorTime / one.byProcessorTime
            )
        }
        return Scaling(
            byClock: gains.map(\.byClock).sorted()[rounds / 2],
            byProcessorTime: gains.map(\.byProcessorTime).sorted()[rounds / 2]
        )
    }

    func show(_ what: String) {
        Figure.show("\(what), times one by the clock", byClock)
        Figure.show("\(what), times one by processor time", byProcessorTime)
    }

    /// Ids in a second, of all threads together.
    private static func rate(_ subject: some LookupSubject, threads: Int, seconds: Double) -> Scaling {
        let counts = Counts()
        let end = Clock.wall() + seconds
        for thread in 0..<threads {
            startThread(named: "lookup") {
                // Far from each other.
                let first = thread * subject.queries.batchCount / threads
                var count = 0
                let start = (wall: Clock.wall(), processor: Clock.thread())
                try? subject.withLookup { lookup in
                    while Clock.wall() < end {
                        try lookup((first + count) % subject.queries.batchCount)
                        count += 1
                    }
                }
                let ids = Double(count * subject.queries.batch)
                counts.end(
                    Scaling(
                        byClock: ids / (Clock.wall() - start.wall),
                        byProcessorTime: ids / (Clock.thread() - start.processor)
                    )
                )
            }
        }
        while counts.ended < threads { usleep(1_000) }
        return counts.sum
    }

    private final class Counts: Sendable {
        private let rates = Mutex<[Scaling]>([])
        func end(_ rate: Scaling) { rates.withLock { $0.append(rate) } }
        var ended: Int { rates.withLock { $0.count } }
        var sum: Scaling {
            rates.withLock { rates in
                Scaling(
                    byClock: rates.reduce(0) { $0 + $1.byClock },
                    byProcessorTime: rates.reduce(0) { $0 + $1.byProcessorTime }
                )
            }
        }
    }
}
