/// Which parts of which files are to be fetched, as a plain value: who takes the next one, what becomes of one that failed,
/// and when a file is whole.
struct ChunkPlan: Hashable {
    /// A part of a file, or all of one whose size nobody knows.
    struct Chunk: Hashable {
        var file: Int
        var number: Int
        /// `nil`: the whole file, in one piece.
        var range: ClosedRange<Int64>?
        var failures = 0
    }

    enum Outcome: Hashable {
        case goOn
        /// The last part of it.
        case fileIsWhole
        /// The part is to be tried again after so many nanoseconds.
        case waitAndGoOn(Int64)
        case giveUp
    }

    /// Tries of a part after the first one.
    static let maximumFailures = 4

    private var waiting: [Chunk] = []
    /// By file.
    private var missing: [Int: Int] = [:]
    private var isWithoutRanges: Set<Int> = []

    /// - Parameters:
    ///   - sizes: of the files; `nil` where the store does not tell.
    ///   - present: by file, the parts that were fetched before.
    init(sizes: [Int64?], present: [Int: Set<Int>] = [:], chunkSize: Int64) {
        for (file, size) in sizes.enumerated() {
            let chunks = Self.chunks(of: file, size: size, chunkSize).filter {
                present[file]?.contains($0.number) != true
            }
            missing[file] = chunks.count
            waiting += chunks
        }
        // Taken from the end.
        waiting.reverse()
    }

    private static func chunks(of file: Int, size: Int64?, _ chunkSize: Int64) -> [Chunk] {
        guard let size else { return [Chunk(file: file, number: 0)] }
        return stride(from: 0, to: size, by: Int(chunkSize)).enumerated().map { number, start in
            Chunk(file: file, number: number, range: start...(min(start + chunkSize, size) - 1))
        }
    }

    var count: Int { waiting.count }

    /// Files of which nothing is missing from the start.
    var wholeFiles: [Int] { missing.filter { $0.value == 0 }.keys.sorted() }

    mutating func next() -> Chunk? { waiting.popLast() }

    mutating func succeeded(_ chunk: Chunk) -> Outcome {
        // A part of a file that by now is fetched in one piece.
        if isWithoutRanges.contains(chunk.file), chunk.range != nil { return .goOn }
        missing[chunk.file, default: 1] -= 1
        return missing[chunk.file] == 0 ? .fileIsWhole : .goOn
    }

    /// - Parameter spread: 0 to 1, for the pause.
    mutating func failed(_ chunk: Chunk, isTransient: Bool, spread: Double = 0) -> Outcome {
        guard isTransient, chunk.failures < Self.maximumFailures else { return .giveUp }
        var again = chunk
        again.failures += 1
        waiting.append(again)
        return .waitAndGoOn(Backoff.delay(failures: again.failures, spread: spread))
    }

    /// The server gives whole files only.
    mutating func hasNoRanges(_ chunk: Chunk) {
        guard isWithoutRanges.insert(chunk.file).inserted else { return }
        waiting.removeAll { $0.file == chunk.file }
        missing[chunk.file] = 1
        waiting.append(Chunk(file: chunk.file, number: 0))
    }
}
