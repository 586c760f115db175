import ServingPrimitives
import Synchronization

/// One file of a version that is being fetched: its data, and which parts of it are on the disk, for a next start.
///
///     N.data    the file, as far as it is there
///     N.parts   a byte for each part: 1 when the part is on the disk
///     N.sha256  the whole file is a blob
struct FetchJournal: Sendable {
    /// Without a suffix.
    let path: String
    let partSize: Int64

    /// The parts that were fetched before, of a file of that size.
    func presentParts(size: Int64?) -> Set<Int> {
        guard let size, LocalFiles.size(of: dataPath) == size,
            let marks = try? LocalFile.contents(of: partsPath, limit: 16 << 20)
        else { return [] }
        return Set(marks.indices.filter { marks[$0] == 1 })
    }

    var dataPath: String { path + ".data" }
    private var partsPath: String { path + ".parts" }
    private var digestPath: String { path + ".sha256" }

    /// The checksum of the whole file, when it has become a blob.
    var digest: SHA256Digest? {
        guard let bytes = try? LocalFile.contents(of: digestPath, limit: 1 << 10) else { return nil }
        return SHA256Digest(hexadecimal: String(decoding: bytes, as: UTF8.self))
    }

    func finish(_ digest: SHA256Digest) throws(ServingError) {
        try LocalFiles.write(Array("\(digest)".utf8), to: digestPath)
        LocalFiles.remove(partsPath)
    }

    /// Nothing of it can be used.
    func discard() { for path in [dataPath, partsPath, digestPath] { LocalFiles.remove(path) } }

    /// Says that the part is on the disk, which it must be.
    func mark(_ part: Int) throws(ServingError) {
        let file = try OpenFile(partsPath)
        try file.write([1], at: Int64(part))
    }
}
