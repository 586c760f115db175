public import ServingPrimitives

/// What a source needs to see of a file system, or of a store that can be shown as one. Calls block.
public protocol FileSystem: Sendable {
    /// Names in a folder, without `.` and `..`, in any order.
    ///
    /// - Throws: when the folder is missing or cannot be read.
    func names(in folder: String) throws(FileSystemError) -> [String]

    /// What is at the path, links followed; `nil` when nothing is, or it cannot be looked at.
    func status(of path: String) -> FileStatus?

    /// Every file and folder below a folder, by its path relative to it.
    ///
    /// - Throws: when nothing can be said of it now.
    func tree(of folder: String) throws(FileSystemError) -> [String: FileStatus]

    /// The bytes of a file.
    ///
    /// - Throws: when it cannot be read, or is longer than `limit`.
    func contents(of file: String, limit: Int) throws(FileSystemError) -> [UInt8]

    /// The checksum of a file.
    func digest(of file: String) throws(FileSystemError) -> SHA256Digest

    /// Where an engine can read the version whose folder, or archive, is at the path. Does not wait for a fetch.
    ///
    /// - Parameter manifest: whether files are to be checked against a list of checksums in the folder.
    func stage(_ path: String, manifest: ManifestRule) -> Staging

    /// The version number that a name in a base path stands for.
    func version(named name: String, in basePath: String) -> Int64?

    /// What was remembered of the base path counts no more: it is looked at anew.
    func refresh(_ basePath: String)

    /// Whether the version at the path is one file that is unpacked when it is fetched.
    func isPacked(_ path: String) -> Bool

    /// Versions in these folders, which `stage` has told, are asked for now, and no others of the model.
    func use(_ paths: Set<String>, by model: String)

    /// Nobody looks at the base path any more.
    func forget(_ basePath: String)
}

/// How far the files of a version are from being at hand.
public enum Staging: Sendable, Hashable {
    /// In a folder of this machine.
    ///
    /// - Parameter isVerified: the files have been checked against their checksums while they were fetched.
    case local(String, isVerified: Bool)
    /// Being fetched, for a person to read.
    case onTheWay(String)
    /// Not to be had for now: it is tried again.
    case failed(ServingError)
}

/// What is done about a file `SHA256SUMS` in a version's folder, in the format of `sha256sum`.
public enum ManifestRule: Sendable, Hashable, CaseIterable {
    /// What it lists must be there as it says; a version without one is fine.
    case verify
    /// A version without one is not served.
    case require
    /// It is a file as any other.
    case ignore
}

extension FileSystem {
    public func tree(of folder: String) throws(FileSystemError) -> [String: FileStatus] {
        FolderTree(folder, in: self).files
    }

    public func stage(_ path: String, manifest: ManifestRule) -> Staging { .local(path, isVerified: false) }

    public func version(named name: String, in basePath: String) -> Int64? { VersionFolderName.version(name) }

    public func refresh(_ basePath: String) {}

    public func isPacked(_ path: String) -> Bool { false }

    public func use(_ paths: Set<String>, by model: String) {}

    public func forget(_ basePath: String) {}
}

/// One file or folder.
public struct FileStatus: Sendable, Hashable {
    public var isFolder: Bool
    public var byteCount: Int64
    /// Last change of the content, in nanoseconds since 1970.
    public var modified: Int64
    /// Another one for other content, where a store has such a thing.
    public var tag: String?

    public init(isFolder: Bool, byteCount: Int64, modified: Int64, tag: String? = nil) {
        self.isFolder = isFolder
        self.byteCount = byteCount
        self.modified = modified
        self.tag = tag
    }
}

/// Why a folder could not be read, in the operating system's words.
public struct FileSystemError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
