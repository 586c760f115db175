import EngineEmbedding

/// Batches of ids to look up, and the looking.
struct Queries: Sendable {
    private let ids: [Int64]
    private let batch: Int
    private let expected: Int

    /// The id of a row: all over the numbers, as ids with a slot and a hash are.
    static func id(_ row: Int) -> Int64 {
        var mixed = UInt64(truncatingIfNeeded: row) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 31
        return Int64(bitPattern: mixed &* 0xD6E8_FEB8_6659_FD93)
    }

    /// - Parameter hits: share of ids that are there; the others belong to no row.
    init(rows: Int, hits: Double, batch: Int) {
        var random = SystemRandomNumberGenerator()
        self.batch = batch
        var expected = 0
        ids = (0..<max(1, (1 << 20) / batch) * batch).map { _ in
            let isThere = Double.random(in: 0..<1, using: &random) < hits
            expected += isThere ? 1 : 0
            return Self.id(Int.random(in: 0..<rows, using: &random) + (isThere ? 0 : rows))
        }
        self.expected = expected
    }

    var count: Int { ids.count }

    /// Looks up all ids, so many times.
    func lookUp(_ table: EmbeddingTable, rounds: Int) throws -> Int {
        var numbers = [Float](repeating: 0, count: batch * table.format.dimension)
        var target = numbers.mutableSpan
        let ids = ids.span
        var found = 0
        for _ in 0..<rounds {
            for start in stride(from: 0, to: ids.count, by: batch) {
                found += try table.lookup(ids.extracting(start..<start + batch), into: &target)
            }
        }
        precondition(found == rounds * expected, "\(found) of \(rounds * expected) ids were found")
        return found
    }

    /// Nanoseconds of processor time for an id: the least of the rounds in that time, as what disturbs only ever adds.
    func best(_ table: EmbeddingTable, seconds: Double) throws -> Double {
        let end = Clock.wall() + seconds
        var best = Double.infinity
        repeat {
            let start = Clock.thread()
            _ = try lookUp(table, rounds: 1)
            best = min(best, (Clock.thread() - start) / Double(count) * 1e9)
        } while Clock.wall() < end
        return best
    }
}
