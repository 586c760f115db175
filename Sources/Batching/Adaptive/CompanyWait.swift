import ServingPrimitives

/// Whether tasks that wait while a batch of their queue runs wait on until it has, although a thread is free.
///
/// Where a row costs much less in a larger batch, many small batches side by side take more processor time than a few
/// large ones, and under load that is what is scarce: they hold up each other and everybody else. So when the queue
/// asks for a good part of the threads, and what waits would run much cheaper with what comes until the running batch
/// ends, it waits until then. A queue that is asked little, a curve that does not fall, or a deadline in the way: it
/// runs at once. So does everything when nothing of the queue runs.
struct CompanyWait: Sendable {
    /// What the queue knows of its tasks.
    struct Waiting {
        var tasks: Int
        var rows: Int
        /// The first one, `UInt64.max` without one.
        var deadline: UInt64
        /// Rows a nanosecond.
        var arrivalRate: Double
    }

    /// Share of the threads that tasks have to ask for, each by itself, before anything waits.
    static let load = 0.25
    /// How much cheaper a row has to become.
    static let gain = 1.5
    /// A batch that runs this much longer than predicted is not waited for any more.
    static let tolerance = 1.5

    /// Until when what waits is not released; in the past when it runs at once.
    private(set) var end = MonotonicTime.distantPast
    private var running: [(number: Int, end: MonotonicTime)] = []
    private var threads = 1
    private var isDraining = false

    var mayWait: Bool { !isDraining && !running.isEmpty }

    mutating func runAtOnce() { end = .distantPast }

    mutating func drain() {
        isDraining = true
        runAtOnce()
    }

    /// A batch of the queue runs from now on. One whose time is not known is not waited for.
    mutating func started(_ number: Int, at now: MonotonicTime, predictedNanoseconds: UInt64?) {
        guard let predictedNanoseconds else { return }
        // Those that never came back.
        if running.count >= 64 { running.removeAll { $0.end < now } }
        let limit = UInt64(clamping: Double(predictedNanoseconds) * Self.tolerance)
        running.append((number, now.advanced(byNanoseconds: limit)))
    }

    mutating func ended(_ number: Int) { running.removeAll { $0.number == number } }

    /// - Parameter threads: of the pool; `nil` when they are as many as before.
    mutating func consider(
        _ waiting: Waiting,
        _ curve: LatencyCurve,
        at now: MonotonicTime,
        threads: Int?
    ) {
        self.threads = threads ?? self.threads
        end = Self.wait(waiting, curve, until: running.map(\.end).min(), at: now, threads: self.threads)
    }

    /// The decision itself.
    static func wait(
        _ waiting: Waiting,
        _ curve: LatencyCurve,
        until end: MonotonicTime?,
        at now: MonotonicTime,
        threads: Int
    ) -> MonotonicTime {
        guard let end, end > now else { return .distantPast }
        let size = max(waiting.rows / max(waiting.tasks, 1), 1)
        let alone = curve.nanoseconds(rows: size) / Double(size)
        guard waiting.arrivalRate * alone >= load * Double(threads) else { return .distantPast }
        let left = Double(end.nanoseconds(since: now)) / tolerance
        let together = waiting.rows + Int(min(waiting.arrivalRate * left, 1e9))
        let run = curve.nanoseconds(rows: together)
        let perRow = curve.nanoseconds(rows: waiting.rows) / Double(waiting.rows)
        guard perRow > gain * run / Double(together) else { return .distantPast }
        guard waiting.deadline < .max else { return end }
        let finish = Double(end.nanoseconds(since: now)) + run * curve.safety
        return finish < Double(MonotonicTime(nanoseconds: waiting.deadline).nanoseconds(since: now))
            ? end : .distantPast
    }
}
