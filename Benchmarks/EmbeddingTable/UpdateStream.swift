import EngineEmbedding
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Changes rows of a table at a steady rate, from a thread of its own, a hundred times a second.
final class UpdateStream: Sendable {
    private let table: EmbeddingTable
    private let rows: Int
    private let perSecond: Int
    private let isStopping = Atomic(false)
    private let result = Mutex<(rows: Int, cpu: Double)?>(nil)

    init(table: EmbeddingTable, rows: Int, perSecond: Int) {
        self.table = table
        self.rows = rows
        self.perSecond = perSecond
    }

    func start() { startThread(named: "updates") { self.run() } }

    /// Rows that were changed, and the processor time of it in seconds.
    func stop() -> (rows: Int, cpu: Double) {
        isStopping.store(true, ordering: .relaxed)
        while true {
            if let result = result.withLock({ $0 }) { return result }
            usleep(1_000)
        }
    }

    private func run() {
        let step = max(1, perSecond / 100)
        let numbers = [Float](repeating: 0.5, count: step * table.format.dimension)
        var random = SystemRandomNumberGenerator()
        var changed = 0
        var cpu = 0.0
        let start = Clock.wall()
        while !isStopping.load(ordering: .relaxed) {
            // A tenth of the ids gets most updates, as in training; they are all there, so that misses stay misses.
            let ids = (0..<step).map { _ in Queries.id(Int.random(in: 0..<max(rows / 10, 1), using: &random)) }
            let begin = Clock.thread()
            if let summary = try? table.update(ids.span, numbers.span, timestamp: 1_800_000_000) {
                changed += summary.changed + summary.inserted
            }
            cpu += Clock.thread() - begin
            let due = start + Double(changed) / Double(perSecond)
            let wait = due - Clock.wall()
            if wait > 0 { usleep(UInt32(wait * 1e6)) }
        }
        result.withLock { $0 = (changed, cpu) }
    }
}
