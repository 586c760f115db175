/// Where the sections of a snapshot lie. All follows from three counts, so that a file holds no offset that could be
/// wrong.
package struct SnapshotLayout: Equatable {
    /// Sections begin at multiples of a cache line.
    static let alignment = 64
    /// Each section has a checksum for each so many bytes of it.
    static let chunk = 1 << 20

    package let rows: Range<Int>
    package let timestamps: Range<Int>
    package let buckets: Range<Int>
    package let checksums: Range<Int>

    package var byteCount: Int { checksums.upperBound }

    /// `nil` when that much cannot be addressed.
    package init?(rowCount: UInt64, rowByteCount: UInt64, bucketCount: UInt64) {
        var end = UInt64(SnapshotHeader.byteCount)
        func section(_ count: UInt64, of size: UInt64) -> Range<Int>? {
            let (bytes, tooMany) = count.multipliedReportingOverflow(by: size)
            let (last, tooFar) = end.addingReportingOverflow(bytes)
            guard !tooMany, !tooFar, last <= UInt64(Int.max / 2) else { return nil }
            let mask = UInt64(Self.alignment - 1)
            let start = Int(end)
            end = (last + mask) & ~mask
            return start..<Int(end)
        }
        guard let rows = section(rowCount, of: rowByteCount), let timestamps = section(rowCount, of: 4),
            let buckets = section(bucketCount, of: UInt64(BaseBucket.byteCount))
        else { return nil }
        let chunks = [rows, timestamps, buckets].reduce(0) { $0 + Self.chunkCount(of: $1) }
        guard let checksums = section(UInt64(chunks), of: 4) else { return nil }
        self.rows = rows
        self.timestamps = timestamps
        self.buckets = buckets
        self.checksums = checksums.lowerBound..<checksums.lowerBound + 4 * chunks
    }

    /// Not the count of an array: the header of a hostile file has sections that no memory has room for.
    private static func chunkCount(of section: Range<Int>) -> Int {
        section.count / chunk + (section.count % chunk == 0 ? 0 : 1)
    }

    /// The parts of a section that have a checksum each.
    package static func chunks(of section: Range<Int>) -> [Range<Int>] {
        stride(from: section.lowerBound, to: section.upperBound, by: chunk)
            .map { $0..<min($0 + chunk, section.upperBound) }
    }
}
