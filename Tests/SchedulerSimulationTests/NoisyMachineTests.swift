import Batching
import SchedulerSimulation
import ServingPrimitives
import Testing

/// Callers that ask again as soon as they are answered, on a machine that is slower at times and never quite the same.
@Suite struct NoisyMachineTests {
    private struct Machine {
        var fixed: Double
        var perRow: Double
        var noise = 0.1
        /// How much slower it is at its slowest.
        var drift = 0.3
        var random = RandomSource(seed: 17)
        private var runs: [Int: Int] = [:]

        init(fixed: Double, perRow: Double) {
            self.fixed = fixed
            self.perRow = perRow
        }

        /// The first runs of a size are slow.
        mutating func nanoseconds(rows: Int, at time: Double) -> Double {
            runs[rows, default: 0] += 1
            let start = runs[rows, default: 0] < 3 ? 4.0 : 1
            let phase = (time / 3e9).truncatingRemainder(dividingBy: 1)
            let slow = 1 + drift * (phase < 0.5 ? phase * 2 : 2 - phase * 2)
            return (fixed + perRow * Double(rows)) * slow * start
                * Double.random(in: 1 - noise...1 + noise, using: &random)
        }
    }

    /// Rows of the batches that `callers` of `rows` each come to on two threads, in the order in which they are released,
    /// and their times.
    private func run(_ machine: Machine, callers: Int, rows: Int, batches: Int) throws -> [(rows: Int, time: Double)] {
        var machine = machine
        var queue = AdaptiveQueue<Int>()
        var now = 1e9
        var ends: [(end: Double, release: BatchRelease<Int>, start: Double)] = []
        var sizes: [(rows: Int, time: Double)] = []
        func moment(_ time: Double) -> MonotonicTime { MonotonicTime(nanoseconds: UInt64(time)) }
        for caller in 0..<callers { try _ = queue.enqueue(caller, TaskTerms(size: rows), at: moment(now), .idle) }
        while sizes.count < batches {
            while ends.count < 2, let due = queue.dueTime, due <= moment(now) {
                let pool = PoolState(threads: 2, idleThreads: 2 - ends.count)
                let release = queue.takeBatch(at: moment(now), pool)
                guard !release.batch.isEmpty else { break }
                let time = machine.nanoseconds(rows: release.batch.size, at: now)
                sizes.append((release.batch.size, time))
                ends.append((now + time, release, now))
            }
            let first = try #require(ends.indices.min { ends[$0].end < ends[$1].end })
            let (end, release, start) = ends.remove(at: first)
            now = end
            let outcome = BatchOutcome(executedRows: release.batch.size, runNanoseconds: UInt64(end - start))
            queue.finished(FinishedBatch(release, at: moment(start), outcome), at: moment(now))
            for task in release.batch.tasks {
                try _ = queue.enqueue(task.payload, TaskTerms(size: rows), at: moment(now), .idle)
            }
        }
        return sizes
    }

    @Test func `where batches gain nothing they stay small`() throws {
        let releases = try run(Machine(fixed: 0, perRow: 8e5), callers: 300, rows: 5, batches: 1500).suffix(500)
        let small = releases.count { $0.rows <= 20 }
        #expect(small > 400)
    }

    /// Slow first runs and bad moments of small sizes are found out.
    @Test(arguments: [(2e6, 1e5), (1e6, 8e5), (2e4, 1e3)])
    func `where batches gain they are as large as pays`(fixed: Double, perRow: Double) throws {
        let machine = Machine(fixed: fixed, perRow: perRow)
        let releases = try run(machine, callers: 200, rows: 1, batches: 1500).suffix(500)
        let rows = releases.reduce(0) { $0 + $1.rows }
        let work = releases.reduce(0) { $0 + fixed + perRow * Double($1.rows) }
        // All that waits, on the other thread's side: about a half of the callers in each batch.
        let best = fixed / 100 + perRow
        #expect(best * Double(rows) > 0.85 * work)
    }
}
