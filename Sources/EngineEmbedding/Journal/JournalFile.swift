import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file of a journal, named `DIGEST-NUMBER.push`; one that also has what the files with lower numbers had is named
/// `DIGEST-NUMBER-all.push`.
struct JournalFile: Hashable {
    let path: String
    let number: UInt64
    let holdsAll: Bool
    var byteCount: Int

    /// A name of the same folder that is no journal's.
    var temporary: JournalFile { JournalFile(path: path + ".tmp", number: number, holdsAll: holdsAll) }

    static let suffix = ".push"
    static let allSuffix = "-all.push"

    private init(path: String, number: UInt64, holdsAll: Bool) {
        self.path = path
        self.number = number
        self.holdsAll = holdsAll
        byteCount = 0
    }

    init(folder: String, digest: SHA256Digest, number: UInt64, holdsAll: Bool, byteCount: Int = 0) {
        path = "\(folder)/\(digest)-\(number)\(holdsAll ? Self.allSuffix : Self.suffix)"
        self.number = number
        self.holdsAll = holdsAll
        self.byteCount = byteCount
    }

    /// Those of a folder that belong to a journal, the oldest first.
    static func all(in folder: String, _ digest: SHA256Digest) -> [JournalFile] {
        let prefix = "\(digest)-"
        var files: [JournalFile] = []
        for name in LocalFolder.names(in: folder) ?? [] where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
            let holdsAll = name.hasSuffix(allSuffix)
            let digits = name.dropFirst(prefix.count).dropLast((holdsAll ? allSuffix : suffix).count)
            var status = stat()
            guard let number = UInt64(digits), stat("\(folder)/\(name)", &status) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { continue }
            files.append(
                JournalFile(
                    folder: folder,
                    digest: digest,
                    number: number,
                    holdsAll: holdsAll,
                    byteCount: Int(status.st_size)
                )
            )
        }
        return files.sorted { $0.number == $1.number ? !$0.holdsAll && $1.holdsAll : $0.number < $1.number }
    }

    /// The file's first `byteCount` bytes, mapped; `nil` for an empty one.
    func mapped() throws(ServingError) -> MappedMemory? {
        guard byteCount > 0 else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .ofSystem("the journal \(path) cannot be opened", .unavailable) }
        defer { close(descriptor) }
        var status = stat()
        // Bytes behind the end of a file cannot be read.
        guard fstat(descriptor, &status) == 0, Int(status.st_size) >= byteCount else {
            throw ServingError(.dataLoss, "the journal \(path) became shorter than \(byteCount) bytes")
        }
        return try MappedMemory(file: descriptor, count: byteCount, path: path)
    }
}

/// The file that pushes are written to.
final class JournalOutput: @unchecked Sendable {
    // Sendable: the journal's lock guards what changes; the descriptor stays as it is until the end.
    private(set) var file: JournalFile
    private let descriptor: CInt
    /// The disk has refused something: what is in the file may not be there after a power cut.
    var isBroken = false

    /// Makes the file.
    init(_ file: JournalFile) throws(ServingError) {
        self.file = file
        descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .ofSystem("the journal \(file.path) cannot be made", .unavailable) }
        Self.syncFolder(of: file.path)
    }

    deinit { close(descriptor) }

    /// All of it, or nothing.
    func append(_ bytes: UnsafeRawBufferPointer) throws(ServingError) {
        do throws(ServingError) {
            try FileBytes.write(bytes, to: descriptor, at: file.byteCount, file.path)
            file.byteCount += bytes.count
        } catch {
            // The next push begins where this one did.
            if ftruncate(descriptor, off_t(file.byteCount)) != 0 { isBroken = true }
            throw error
        }
    }

    /// - Returns: whether all that was written is on the disk.
    func sync() -> Bool { fdatasync(descriptor) == 0 }

    /// Puts the file into the place of `other`.
    func rename(to other: JournalFile) throws(ServingError) {
        guard Self.systemRename(file.path, other.path) else {
            throw .ofSystem("the journal \(other.path) cannot be written", .unavailable)
        }
        Self.syncFolder(of: other.path)
    }

    private static func systemRename(_ old: String, _ new: String) -> Bool {
        #if canImport(Glibc)
        Glibc.rename(old, new) == 0
        #else
        Musl.rename(old, new) == 0
        #endif
    }

    /// Without it a power cut may take the file away again.
    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// A lock of a journal between processes: released by the system when its process ends.
final class JournalLock: Sendable {
    private let descriptor: CInt

    /// - Parameter patience: how long one that ends is waited for, in steps of ten milliseconds.
    /// - Returns: `nil` when another process has it.
    /// - Throws: what the system says.
    init?(_ path: String, patience: Int) throws(ServingError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .ofSystem("\(path) cannot be opened", .failedPrecondition) }
        self.descriptor = descriptor
        for step in 0...patience {
            if step > 0 { usleep(10_000) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
        }
        return nil
    }

    deinit { close(descriptor) }
}
