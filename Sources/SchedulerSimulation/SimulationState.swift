import Batching
import ServingPrimitives

/// The simulated clock and engine, and what became of each request.
final class SimulationState: @unchecked Sendable {
    // Sendable: one thread runs a simulation.

    /// A batch on a simulated thread.
    struct Running {
        let started: StartedBatch
        let outcome: BatchOutcome
        let end: UInt64
        let tasks: [Int]
    }

    enum Event {
        case arrival(Int)
        case end(Running)
        /// A batch that waited for company is due.
        case due
    }

    /// Time 0 of the requests: away from the clock's own 0, which means "ever".
    private static let origin: UInt64 = 1_000_000_000

    private let simulation: Simulation
    private let requests: [SimulatedRequest]
    private var random: RandomSource
    private(set) var now = SimulationState.origin
    private var nextRequest = 0
    private var running: [Running] = []
    private var batchTasks: [Int] = []
    private var result: SimulationResult

    init(_ simulation: Simulation, _ requests: [SimulatedRequest]) {
        self.simulation = simulation
        self.requests = requests
        random = RandomSource(seed: simulation.seed ^ 0x5DEE_CE66)
        result = SimulationResult(models: simulation.models.count, warmUp: simulation.warmUp, window: simulation.window)
    }

    var hasIdleThread: Bool { running.count < simulation.threads }

    /// Moves the clock to what comes next; ends come before arrivals of the same time.
    func nextEvent(dueTime: MonotonicTime?) -> Event? {
        var first: Int?
        for index in running.indices where first.map({ running[index].end < running[$0].end }) ?? true { first = index }
        let arrival = nextRequest < requests.count ? Self.origin + requests[nextRequest].arrival : UInt64.max
        let end = first.map { running[$0].end } ?? .max
        let due = hasIdleThread ? max(dueTime?.nanoseconds ?? .max, now) : UInt64.max
        guard min(arrival, end, due) < .max else { return nil }
        if due < min(arrival, end), due > now {
            now = due
            return .due
        }
        if let first, end <= arrival {
            now = max(now, end)
            return .end(running.remove(at: first))
        }
        guard arrival < .max else { return nil }
        now = max(now, arrival)
        nextRequest += 1
        return .arrival(nextRequest - 1)
    }

    func terms(of index: Int) -> TaskTerms {
        let request = requests[index]
        result.offered(request)
        let deadline = request.budget.map {
            Deadline(MonotonicTime(nanoseconds: Self.origin + request.arrival + $0))
        }
        return TaskTerms(
            size: request.rows,
            byteCount: request.rows,
            deadline: deadline ?? .never,
            priority: request.priority,
            tenant: request.tenant
        )
    }

    /// What the engine's run comes to, known before time passes.
    func process(_ batch: Batch<Int>, model: Int) -> BatchOutcome {
        batchTasks = batch.tasks.map(\.payload)
        let time = simulation.models[model].curve.nanoseconds(rows: batch.size)
        let factor = max(1 + simulation.noise * random.normal(), 0.1)
        result.ran(rows: batch.size, nanoseconds: time * factor, at: now - Self.origin)
        return BatchOutcome(executedRows: batch.size, runNanoseconds: UInt64(time * factor))
    }

    func started(_ started: StartedBatch, _ outcome: BatchOutcome) {
        running.append(
            Running(started: started, outcome: outcome, end: now + outcome.runNanoseconds, tasks: batchTasks)
        )
    }

    func ended(_ batch: Running) -> BatchOutcome {
        for index in batch.tasks { result.answered(requests[index], at: now - Self.origin) }
        return batch.outcome
    }

    func dropped(_ tasks: [DroppedTask<Int>]) {
        for task in tasks { result.dropped(requests[task.payload]) }
    }

    func refused(_ index: Int) { result.refused(requests[index]) }

    func result(explanations: [QueueExplanation]) -> SimulationResult {
        result.finish(explanations, threads: simulation.threads, at: now - Self.origin)
        return result
    }
}
