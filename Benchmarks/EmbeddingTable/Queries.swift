import EngineEmbedding

/// Batches of ids to look up.
struct Queries: Sendable {
    let ids: [Int64]
    let batch: Int
    /// How many of them are there.
    let hitCount: Int

    /// As many as no cache holds.
    private static let count = 1 << 22

    /// The id of a row: all over the numbers, as ids with a slot and a hash are.
    static func id(_ row: Int) -> Int64 {
        var mixed = UInt64(truncatingIfNeeded: row) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 31
        return Int64(bitPattern: mixed &* 0xD6E8_FEB8_6659_FD93)
    }

    /// - Parameter hits: share of ids that are there; the others belong to no row.
    init(rows: Int, hits: Double, batch: Int) {
        var random = Random(state: UInt64(rows))
        self.batch = batch
        var hitCount = 0
        ids = (0..<max(1, Self.count / batch) * batch).map { _ in
            let isThere = Double.random(in: 0..<1, using: &random) < hits
            hitCount += isThere ? 1 : 0
            return Self.id(Int.random(in: 0..<rows, using: &random) + (isThere ? 0 : rows))
        }
        self.hitCount = hitCount
    }

    /// The system's generator asks the kernel for each number.
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    /// - Throws: when other ids were found than those that are there.
    func check(_ found: Int) throws {
        guard found == hitCount else { throw BenchmarkFailure("\(found) ids were found; \(hitCount) are there") }
    }

    var batchCount: Int { ids.count / batch }

    func range(_ number: Int) -> Range<Int> { number * batch..<(number + 1) * batch }
}
