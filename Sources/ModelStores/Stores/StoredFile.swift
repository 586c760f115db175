import ServingPrimitives

/// One file as a store lists it.
package struct StoredFile: Sendable, Hashable {
    /// A checksum of its whole content that the store vouches for.
    enum Checksum: Sendable, Hashable {
        case md5([UInt8])
        case crc32c(UInt32)
        case sha256(SHA256Digest)
    }

    /// Relative to what was listed.
    var name: String
    /// What the store's `request` finds it by.
    var address: String
    /// `nil` when the store does not tell before the file is fetched.
    var size: Int64?
    /// In nanoseconds since 1970; `.max` when the store does not tell.
    var modified: Int64 = .max
    /// Another one for other content: an ETag, or a generation.
    var tag: String?
    var checksums: [Checksum] = []
}

/// What lies in a folder of a store.
package struct StoreListing: Sendable, Hashable {
    /// Names of folders, without slashes.
    package var folders: Set<String> = []
    /// By name.
    package var files: [String: StoredFile] = [:]
    /// Names that would leave the folder, or cannot be file names: for a person to read. Only some of very many.
    private(set) var refused: [String] = []

    /// Entries of one folder, or of one version.
    static let maximumCount = 100_000
    private static let toldNames = 20

    var count: Int { folders.count + files.count }

    mutating func refuse(_ name: String) {
        guard refused.count < Self.toldNames else { return }
        refused.append(String(name.prefix(200)))
    }
}

/// A store of one kind, at one place: a bucket or a host. Calls block.
protocol ObjectStore: Sendable {
    /// What lies directly in a folder.
    ///
    /// - Parameter path: of the folder, without slashes at its ends.
    /// - Throws: why it cannot be listed; `NOT_FOUND` when nothing is there.
    func children(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing

    /// All files below a folder, by their paths relative to it.
    func tree(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing

    /// One file; its name is the last part of the path.
    func file(_ path: String, _ connection: HTTPConnection) throws(ServingError) -> StoredFile

    /// The request that gets the file as it was listed, or fails with 412 when it is another one by now.
    func request(for file: StoredFile, _ connection: HTTPConnection) throws(ServingError) -> HTTPRequest

    /// Which of the file's checksums hold, after the answer of a request for it.
    func checksums(of file: StoredFile, _ head: HTTPResponseHead) -> [StoredFile.Checksum]
}

extension ObjectStore {
    func checksums(of file: StoredFile, _ head: HTTPResponseHead) -> [StoredFile.Checksum] { file.checksums }
}
