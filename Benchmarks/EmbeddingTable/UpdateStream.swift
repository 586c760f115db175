import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Changes rows at a steady rate, from a thread of its own, a hundred times a second.
final class UpdateStream: Sendable {
    struct Outcome: Sendable {
        var rowsPerSecond: Double
        /// Processor time.
        var nanosecondsPerRow: Double
        /// The longest that an update took, in milliseconds.
        var longest: Double
    }

    private let rows: Int
    private let perSecond: Int
    private let update: @Sendable ([Int64]) throws -> Void
    private let isStopping = Atomic(false)
    private let outcome = BlockingResult<Outcome, BenchmarkFailure>()

    /// - Parameter update: changes the rows of some ids.
    init(rows: Int, perSecond: Int, _ update: @escaping @Sendable ([Int64]) throws -> Void) {
        self.rows = rows
        self.perSecond = perSecond
        self.update = update
    }

    func start() {
        startThread(named: "updates") {
            do { self.outcome.set(.success(try self.run())) } catch {
                self.outcome.set(.failure(BenchmarkFailure("an update failed: \(error)")))
            }
        }
    }

    func stop() throws -> Outcome {
        isStopping.store(true, ordering: .relaxed)
        return try outcome.wait().get()
    }

    private func run() throws -> Outcome {
        let step = max(1, perSecond / 100)
        var random = Queries.Random(state: 1)
        var changed = 0
        var processor = 0.0
        var longest = 0.0
        let start = Clock.wall()
        while !isStopping.load(ordering: .relaxed) {
            // A tenth of the ids gets all updates, as in training most; they are all there, so that misses stay misses.
            let ids = (0..<step).map { _ in Queries.id(Int.random(in: 0..<max(rows / 10, 1), using: &random)) }
            let begin = (wall: Clock.wall(), processor: Clock.thread())
            try update(ids)
            changed += step
            processor += Clock.thread() - begin.processor
            longest = max(longest, Clock.wall() - begin.wall)
            let wait = start + Double(changed) / Double(perSecond) - Clock.wall()
            if wait > 0 { usleep(UInt32(wait * 1e6)) }
        }
        return Outcome(
            rowsPerSecond: Double(changed) / (Clock.wall() - start),
            nanosecondsPerRow: processor / Double(max(changed, 1)) * 1e9,
            longest: longest * 1e3
        )
    }
}
