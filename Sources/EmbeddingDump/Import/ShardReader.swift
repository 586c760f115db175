import ServingPrimitives
import Synchronization

/// One file of entries, which several threads read chunk by chunk: one at a time reads, the others decode meanwhile.
final class ShardReader: Sendable {
    /// Records up to, but not with, a number belong to a table.
    struct Section: Sendable, Hashable {
        /// Index among the tables of the import; `nil` for one that is stepped over.
        var table: Int?
        var end: UInt64
    }

    private enum State: Sendable {
        case untouched
        case open(RecordChunkReader)
        case ended
    }

    let path: String
    let shard: Int
    let byteCount: UInt64
    private let compression: RecordStream.Compression
    /// Empty sections are left out. The last one of a dump without counts has no end.
    private let sections: [Section]
    /// How many records there have to be, where that is known, and the file that says so.
    private let expected: (count: UInt64, path: String)?
    private let state = Mutex(State.untouched)

    init(
        path: String,
        shard: Int,
        compression: RecordStream.Compression,
        sections: [Section],
        expected: (count: UInt64, path: String)?
    ) throws(ServingError) {
        self.path = path
        self.shard = shard
        self.compression = compression
        self.sections = sections
        self.expected = expected
        byteCount = try DumpFile.byteCount(of: path)
    }

    /// Puts the next records into the chunk; adds the bytes of the file that it took to `progress`.
    ///
    /// - Returns: false at the end.
    func next(into chunk: RecordChunk, _ progress: ImportProgress) throws(ServingError) -> Bool {
        try state.withLock { (state) throws(ServingError) -> Bool in
            var reader: RecordChunkReader
            switch state {
            case .untouched:
                reader = RecordChunkReader(try DumpFile(path), name: path, compression: compression)
            case .open(let opened): reader = opened
            case .ended: return false
            }
            // What fails is not tried again by the next thread.
            state = .ended
            let before = reader.fileBytesRead
            let hasMore = try reader.next(into: chunk)
            progress.add(bytes: reader.fileBytesRead - before)
            try checkCount(reader.recordCount, isAll: !hasMore)
            if hasMore { state = .open(reader) }
            return hasMore
        }
    }

    private func checkCount(_ count: Int, isAll: Bool) throws(ServingError) {
        guard let expected else { return }
        let count = UInt64(count)
        guard count > expected.count || isAll && count < expected.count else { return }
        let seen = isAll ? "ends after \(count) entries" : "has more entries"
        throw ServingError(.dataLoss, "\(path) \(seen); \(expected.path) counts \(expected.count)")
    }

    /// The parts of the chunk that belong to one table each, without those that are stepped over.
    func sections(of chunk: RecordChunk) -> [(table: Int, records: Range<Int>)] {
        var parts: [(table: Int, records: Range<Int>)] = []
        var start = 0
        for section in sections[firstSection(behind: UInt64(chunk.firstRecord))...] {
            guard start < chunk.count else { break }
            let end = Int(min(section.end - UInt64(chunk.firstRecord), UInt64(chunk.count)))
            if let table = section.table { parts.append((table, start..<end)) }
            start = end
        }
        return parts
    }

    private func firstSection(behind record: UInt64) -> Int {
        var (low, high) = (0, sections.count)
        while low < high {
            let middle = (low + high) / 2
            if sections[middle].end > record { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
