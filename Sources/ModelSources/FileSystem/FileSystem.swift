/// What a source needs to see of a file system. Calls block.
public protocol FileSystem: Sendable {
    /// Names in a folder, without `.` and `..`, in any order.
    ///
    /// - Throws: when the folder is missing or cannot be read.
    func names(in folder: String) throws(FileSystemError) -> [String]

    /// What is at the path, links followed; `nil` when nothing is, or it cannot be looked at.
    func status(of path: String) -> FileStatus?
}

/// One file or folder.
public struct FileStatus: Sendable, Hashable {
    public var isFolder: Bool
    public var byteCount: Int64
    /// Last change of the content, in nanoseconds since 1970.
    public var modified: Int64

    public init(isFolder: Bool, byteCount: Int64, modified: Int64) {
        self.isFolder = isFolder
        self.byteCount = byteCount
        self.modified = modified
    }
}

/// Why a folder could not be read, in the operating system's words.
public struct FileSystemError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
