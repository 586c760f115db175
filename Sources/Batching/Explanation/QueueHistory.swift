import ServingPrimitives

/// The last releases and losses of a queue, and counts of all: what an explanation tells. Costs no memory per task.
struct QueueHistory: Sendable {
    /// Entries of each ring.
    static let length = 32

    private var releases: [ReleaseRecord] = []
    private var losses: [LossRecord] = []
    private(set) var releaseCount = 0
    private var lossCount = 0
    private var drops = [Int](repeating: 0, count: DropReason.allCases.count)
    private var refusals = [Int](repeating: 0, count: RefusalReason.allCases.count)

    /// Returns the number of the release.
    mutating func released(_ record: ReleaseRecord) -> Int {
        if releases.count < Self.length {
            releases.append(record)
        } else {
            releases[releaseCount % Self.length] = record
        }
        defer { releaseCount += 1 }
        return releaseCount
    }

    mutating func finished(_ batch: FinishedBatch) {
        guard batch.number < releaseCount, batch.number >= releaseCount - Self.length, batch.outcome.succeeded else {
            return
        }
        releases[batch.number % Self.length].measuredNanoseconds = batch.outcome.runNanoseconds
        releases[batch.number % Self.length].executedRows = batch.outcome.executedRows
    }

    mutating func lost(_ record: LossRecord) {
        switch record.reason {
        case .dropped(let reason): drops[reason.index] += 1
        case .refused(let reason): refusals[reason.index] += 1
        }
        if losses.count < Self.length {
            losses.append(record)
        } else {
            losses[lossCount % Self.length] = record
        }
        lossCount += 1
    }

    /// The reasons of the last releases.
    var reasons: some Sequence<ReleaseReason> { releases.lazy.map(\.reason) }

    func describe(in explanation: inout QueueExplanation) {
        explanation.releases = Self.inOrder(releases, releaseCount)
        explanation.losses = Self.inOrder(losses, lossCount)
        for reason in DropReason.allCases where drops[reason.index] > 0 {
            explanation.drops[reason] = drops[reason.index]
        }
        for reason in RefusalReason.allCases where refusals[reason.index] > 0 {
            explanation.refusals[reason] = refusals[reason.index]
        }
    }

    private static func inOrder<Record>(_ ring: [Record], _ count: Int) -> [Record] {
        guard count > ring.count else { return ring }
        let start = count % ring.count
        return Array(ring[start...] + ring[..<start])
    }
}

extension DropReason {
    var index: Int {
        switch self {
        case .expired: 0
        case .hopeless: 1
        case .sacrificed: 2
        }
    }
}

extension RefusalReason {
    var index: Int {
        switch self {
        case .tooLate: 0
        case .queueFull: 1
        case .tooLarge: 2
        }
    }
}
