/// Processor time of lookups.
struct LookupTiming {
    /// Of stretches, nanoseconds for an id.
    private var stretches: [Double] = []

    /// Ids of a stretch: some milliseconds, between which others may have the processor.
    private static let stretchIDs = 20_000
    /// Of one that takes turns with another's: each begins with the caches full of the other's lines, and soon has its own.
    private static let longStretchIDs = 200_000

    /// The mean of the fastest quarter.
    var nanoseconds: Double {
        let fastest = stretches.sorted().prefix(max(1, stretches.count / 4))
        return fastest.reduce(0, +) / Double(max(fastest.count, 1))
    }

    /// Nanoseconds of processor time for an id of one subject.
    static func measure(_ subject: some LookupSubject, seconds: Double) throws -> Double {
        var timing = LookupTiming()
        try subject.withLookup { lookup in try timing.run(subject.queries, lookup, seconds: seconds) }
        return timing.nanoseconds
    }

    /// Of two subjects, whose stretches take turns.
    static func measure(
        _ first: some LookupSubject,
        _ second: some LookupSubject,
        seconds: Double
    ) throws -> (first: Double, second: Double) {
        var timings = (LookupTiming(), LookupTiming())
        let end = Clock.wall() + seconds
        var turn = 0
        try first.withLookup { lookUpFirst in
            try second.withLookup { lookUpSecond in
                while Clock.wall() < end {
                    try timings.0.stretch(first.queries, lookUpFirst, turn, ids: Self.longStretchIDs)
                    try timings.1.stretch(second.queries, lookUpSecond, turn, ids: Self.longStretchIDs)
                    turn += 1
                }
            }
        }
        return (timings.0.nanoseconds, timings.1.nanoseconds)
    }

    private mutating func run(_ queries: Queries, _ lookup: (Int) throws -> Void, seconds: Double) throws {
        let end = Clock.wall() + seconds
        var turn = 0
        while Clock.wall() < end {
            try stretch(queries, lookup, turn, ids: Self.stretchIDs)
            turn += 1
        }
    }

    private mutating func stretch(
        _ queries: Queries,
        _ lookup: (Int) throws -> Void,
        _ turn: Int,
        ids: Int
    ) throws {
        let count = max(1, ids / queries.batch)
        let first = turn * count
        let start = Clock.thread()
        for number in first..<first + count { try lookup(number % queries.batchCount) }
        stretches.append((Clock.thread() - start) / Double(count * queries.batch) * 1e9)
    }
}
