import Glibc
import ServingPrimitives
import Synchronization

/// Runs a plan against its targets, slice by slice, so that all of them meet the same noise.
public final class LoadRunner {
    /// What a progress line is made of; called about once a second.
    public typealias Progress = (_ note: ProgressNote) -> Void

    public let targets: [LoadTarget]
    public let plan: LoadPlan
    let board: ProgressBoard
    private let workers: [LoadWorker]
    private let processes: [ServerProcess?]
    private let metrics: [MetricsSource?]
    private let progress: Progress?

    /// - Parameters:
    ///   - processes: of each target, where its CPU time is to be counted.
    ///   - metrics: of each target, where batch sizes are to be found.
    ///   - progress: called from the thread that runs.
    public init(
        targets: [LoadTarget],
        plan: LoadPlan,
        processes: [ServerProcess?],
        metrics: [MetricsSource?] = [],
        board: ProgressBoard,
        progress: Progress? = nil
    ) {
        self.targets = targets
        self.plan = plan
        self.processes = processes + Array(repeating: nil, count: max(0, targets.count - processes.count))
        self.metrics = metrics + Array(repeating: nil, count: max(0, targets.count - metrics.count))
        self.board = board
        self.progress = progress
        workers = (0..<max(1, plan.threads)).map { _ in LoadWorker(targets: targets, board: board) }
    }

    /// Loads all targets with every level.
    ///
    /// - Returns: results by level, then target; fewer when the run was interrupted.
    public func run() -> [LoadResult] {
        var results: [LoadResult] = []
        for level in plan.levels {
            guard !board.isInterrupted else { break }
            results += run(level)
        }
        return results
    }

    /// Loads all targets with one level.
    func run(_ level: LoadPlan.Level) -> [LoadResult] {
        for target in targets.indices where plan.warmUp > 0 {
            _ = slice(target, warmUp(level), duration: plan.warmUp, requests: Int.max, round: -1)
        }
        var results = targets.indices.map { LoadResult(target: $0, level: level, tally: SliceTally()) }
        let before = metrics.map { $0?.batchSizes() }
        let rounds = rounds(level)
        for round in 0..<rounds {
            // There and back again: what drifts with time hits all alike.
            let order = round % 2 == 0 ? Array(targets.indices) : targets.indices.reversed()
            for target in order where !board.isInterrupted {
                let requests = plan.requests == .max ? .max : (plan.requests + rounds - 1 - round) / rounds
                let duration = plan.duration / UInt64(rounds)
                results[target].tally.addLater(
                    slice(target, level, duration: duration, requests: requests, round: round)
                )
            }
        }
        for target in targets.indices {
            if let before = before[target], let after = metrics[target]?.batchSizes() {
                results[target].batches = after.since(before)
            }
        }
        return results.filter { $0.tally.offered > 0 }
    }

    func batchSizes(of target: Int) -> BatchSizes? { metrics[target]?.batchSizes() }

    private func rounds(_ level: LoadPlan.Level) -> Int {
        switch level {
        // A burst and a recording are one piece.
        case .burst, .recorded: 1
        case .closed, .open:
            targets.count == 1 ? 1 : max(1, Int((plan.duration + plan.slice / 2) / max(1, plan.slice)))
        }
    }

    private func warmUp(_ level: LoadPlan.Level) -> LoadPlan.Level {
        switch level {
        case .closed, .open: level
        case .burst(let rate, _, _, _): .open(rate: rate)
        case .recorded: .open(rate: level.rate ?? 1)
        }
    }

    // MARK: Slices

    /// One target, one load, for a while, on all threads.
    func slice(
        _ target: Int,
        _ level: LoadPlan.Level,
        duration: UInt64,
        requests: Int,
        round: Int
    ) -> SliceTally {
        let orders = workers.indices.compactMap { order(target, level, duration, requests, round, thread: $0) }
        let serverBefore = processes[target]?.cpuNanoseconds()
        let clientBefore = OwnCPU.nanoseconds()
        var tally = onThreads(orders, ProgressNote(target: targets[target].name, level: level.label))
        tally.clientCPU = OwnCPU.nanoseconds() &- clientBefore
        if let serverBefore, let after = processes[target]?.cpuNanoseconds(), after >= serverBefore {
            tally.serverCPU = after - serverBefore
        }
        return tally
    }

    /// A thread's share; `nil` when there is nothing for it.
    private func order(
        _ target: Int,
        _ level: LoadPlan.Level,
        _ duration: UInt64,
        _ requests: Int,
        _ round: Int,
        thread: Int
    ) -> SliceOrder? {
        let threads = workers.count
        var duration = duration
        var inFlight = 0
        let load: SliceOrder.Load
        switch level {
        case .closed(let all):
            inFlight = Self.share(all, of: thread, among: threads)
            guard inFlight > 0 else { return nil }
            load = .closed(inFlight: inFlight)
        case .open(let rate):
            load = .open(poisson([(Double(duration) / 1e9, rate)], round, thread))
        case .burst(let rate, let factor, let length, let around):
            duration = UInt64((2 * around + length) * 1e9)
            load = .open(poisson([(around, rate), (length, rate * factor), (around, rate)], round, thread))
        case .recorded(let times):
            let own = stride(from: thread, to: times.count, by: threads).map { times[$0] }
            duration = (times.last ?? 0) + 1
            load = .open(.recorded(own))
        }
        let share = requests == .max ? requests : Self.share(requests, of: thread, among: threads)
        let first = connections(targets[target].wire, inFlight: inFlight)
        return SliceOrder(
            target: target,
            load: load,
            connections: first,
            connectionLimit: max(first, plan.connectionLimit / threads),
            duration: duration,
            requestLimit: share,
            deadline: plan.deadline,
            cancelsExpired: plan.cancelsExpired && targets[target].wire == .http2,
            grace: plan.grace,
            requiresEqualAnswers: plan.requiresEqualAnswers,
            spins: plan.spins
        )
    }

    private func connections(_ wire: LoadTarget.Wire, inFlight: Int) -> Int {
        if wire == .http1, inFlight > 0 { return inFlight }
        if let given = plan.connections { return max(1, given / workers.count) }
        if inFlight > 0 { return 1 }
        // In an open loop nobody knows how many will be needed; it begins with some.
        return wire == .http1 ? 16 : max(1, 8 / workers.count)
    }

    private func poisson(_ stretches: [(Double, Double)], _ round: Int, _ thread: Int) -> ArrivalSchedule {
        let threads = Double(workers.count)
        return .poisson(
            stretches.map { ArrivalSchedule.Stretch(duration: $0.0, rate: $0.1 / threads) },
            seed: plan.seed &+ UInt64(thread) &* 7919 &+ UInt64(bitPattern: Int64(round)) &* 104_729
        )
    }

    private static func share(_ all: Int, of thread: Int, among threads: Int) -> Int {
        all / threads + (thread < all % threads ? 1 : 0)
    }

    // MARK: Threads

    private func onThreads(_ orders: [SliceOrder], _ note: ProgressNote) -> SliceTally {
        let ends = SliceEnds()
        board.clear()
        for (worker, order) in zip(workers, orders) {
            startThread(named: "load") { ends.add(worker.run(order)) }
        }
        var watch = ProgressWatch(note)
        while !ends.wait(for: orders.count, milliseconds: 1000) {
            guard let progress, let note = watch.next(board.sum()) else { continue }
            progress(note)
        }
        return ends.sum()
    }
}

/// Collects what threads counted, and wakes who waits for them.
private final class SliceEnds: Sendable {
    private let tallies = Mutex<[SliceTally]>([])
    private let pipe: (read: CInt, write: CInt)

    init() {
        var ends: [CInt] = [-1, -1]
        // Cannot fail but for want of descriptors; `wait` then returns at once, again and again, and still ends.
        _ = Glibc.pipe(&ends)
        pipe = (ends[0], ends[1])
    }

    deinit {
        close(pipe.read)
        close(pipe.write)
    }

    func add(_ tally: SliceTally) {
        tallies.withLock { $0.append(tally) }
        _ = write(pipe.write, "e", 1)
    }

    /// Whether all have ended.
    func wait(for count: Int, milliseconds: CInt) -> Bool {
        if tallies.withLock({ $0.count }) >= count { return true }
        var waited = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
        if poll(&waited, 1, milliseconds) > 0 {
            var byte: UInt8 = 0
            _ = read(pipe.read, &byte, 1)
            return tallies.withLock { $0.count } >= count
        }
        return false
    }

    func sum() -> SliceTally {
        tallies.withLock { tallies in
            tallies.dropFirst().reduce(into: tallies.first ?? SliceTally()) { $0.addParallel($1) }
        }
    }
}
