import Logging
import ServingConfig
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The files of one log, one after the other: `PREFIX-20261121T204535Z-00001.tfrecord`. A file is always there under its
/// name, holds whole records only, and is never written to again once the next one is begun.
///
/// Trouble with the disk costs records, which are counted, and nothing else: after it, the next try is a second later, with
/// a new file.
final class RequestLogFile: @unchecked Sendable {
    // Sendable: only the writer's thread calls its methods.

    /// What of the system it needs, for tests that have no full disk at hand.
    struct System: Sendable {
        /// Seconds since 1970.
        var clock: @Sendable () -> Int = { time(nil) }
        /// As `writev`.
        var write: @Sendable (CInt, UnsafePointer<iovec>, CInt) -> Int = { writev($0, $1, $2) }
    }

    private struct Open {
        var descriptor: CInt
        var path: String
        var byteCount = 0
        var since: Int
    }

    private struct Trouble {
        var code: CanonicalCode
        var nextTry: Int
        var dropped = 0
    }

    private let prefix: String
    private let limits: ServerConfiguration.RequestLogFiles
    private let system: System
    private let logger: Logger
    private var open: Open?
    private var trouble: Trouble?
    private(set) var isRetired = false
    /// The file opened last: the beginning of its path, and its number.
    private var last = (stem: "", number: 0)

    init(
        prefix: String,
        limits: ServerConfiguration.RequestLogFiles,
        system: System = System(),
        logger: Logger
    ) {
        self.prefix = prefix
        self.limits = limits
        self.system = system
        self.logger = logger
    }

    /// As many as one system call takes (`IOV_MAX` is 1024).
    private static let recordsAtOnce = 256
    private static let secondsBetweenTries = 1

    deinit { close() }

    /// Writes the records, or counts them as dropped.
    func append(_ records: [LogRecord]) {
        defer { if isRetired { close() } }
        var rest = records[...]
        while !rest.isEmpty {
            guard var file = currentFile() else { break }
            let written = write(rest.prefix(Self.recordsAtOnce), to: &file)
            for record in rest.prefix(written) { record.end(.ok) }
            rest = rest.dropFirst(written)
            if written > 0 { tellOfRecovery(file) }
        }
        guard let code = trouble?.code else { return }
        trouble?.dropped += rest.count
        for record in rest { record.end(code) }
    }

    /// Ends the file that is written to, if any.
    func close() {
        guard let open else { return }
        closeDescriptor(open.descriptor)
        self.open = nil
    }

    /// No model is logged here any more. What still comes, from calls that were on their way, is written, and no file stays
    /// open for more.
    func retire() {
        isRetired = true
        close()
    }

    /// How long the file that is written to may still be; `nil` where there is none.
    var secondsToExpiry: Int? { open.map { $0.since + limits.maximumSeconds - system.clock() } }

    /// Ends a file whose time is up.
    func closeIfExpired() {
        if let secondsToExpiry, secondsToExpiry <= 0 { close() }
    }
}

// MARK: - Writing

extension RequestLogFile {
    /// - Returns: how many of the records are in the file now. Fewer than there are: the file is full, or there is trouble.
    private func write(_ records: ArraySlice<LogRecord>, to file: inout Open) -> Int {
        var vectors: [iovec] = []
        var size = file.byteCount
        for record in records {
            // A record larger than a file may be has one for itself.
            guard vectors.isEmpty && file.byteCount == 0 || size + record.byteCount <= limits.maximumByteCount else {
                break
            }
            let bytes = record.sealed()
            vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count))
            size += bytes.count
        }
        guard !vectors.isEmpty else {
            close()
            return 0
        }
        let (byteCount, error) = writeAll(vectors, to: file.descriptor)
        var written = 0
        var whole = 0
        for vector in vectors {
            guard whole + vector.iov_len <= byteCount else { break }
            whole += vector.iov_len
            written += 1
        }
        file.byteCount += whole
        open = file
        if let error { abandon(file, error) }
        return written
    }

    /// Writes until all is written or there is an error.
    private func writeAll(_ vectors: [iovec], to descriptor: CInt) -> (byteCount: Int, error: CInt?) {
        var rest = vectors[...]
        var total = 0
        while !rest.isEmpty {
            var count = rest.withUnsafeBufferPointer { buffer in
                // There is an element, so there is an address.
                system.write(descriptor, buffer.baseAddress!, CInt(buffer.count))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return (total, count < 0 ? errno : ENOSPC) }
            total += count
            while let first = rest.first, count >= first.iov_len {
                count -= first.iov_len
                rest.removeFirst()
            }
            if count > 0, let first = rest.first {
                rest[rest.startIndex] = iovec(iov_base: first.iov_base + count, iov_len: first.iov_len - count)
            }
        }
        return (total, nil)
    }

    /// Ends a file that cannot be written to, without a record that is only there in part.
    private func abandon(_ file: Open, _ error: CInt) {
        if file.byteCount == 0 || ftruncate(file.descriptor, off_t(file.byteCount)) != 0 { unlink(file.path) }
        close()
        fail(file.path, error)
    }

    private func fail(_ path: String, _ error: CInt) {
        if trouble == nil {
            logger.error(
                "Requests are not logged as long as their file cannot be written",
                metadata: ["file": "\(path)", "error": "\(String(cString: strerror(error)))"]
            )
        }
        trouble = Trouble(
            code: Self.code(error),
            nextTry: system.clock() + Self.secondsBetweenTries,
            dropped: trouble?.dropped ?? 0
        )
    }

    private func tellOfRecovery(_ file: Open) {
        // A file that was written to in part before it failed tells no recovery.
        guard open != nil, let before = trouble else { return }
        trouble = nil
        logger.notice("Requests are logged again", metadata: ["file": "\(file.path)", "dropped": "\(before.dropped)"])
    }

    private static func code(_ error: CInt) -> CanonicalCode {
        switch error {
        case ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE: .resourceExhausted
        case EACCES, EPERM, EROFS: .permissionDenied
        case ENOENT, ENOTDIR: .notFound
        default: .unavailable
        }
    }
}

// MARK: - One file after the other

extension RequestLogFile {
    /// The file to write to: the one that is open, else a new one. `nil` when there is trouble.
    private func currentFile() -> Open? {
        if let open {
            if open.byteCount < limits.maximumByteCount, isThere(open),
                system.clock() < open.since + limits.maximumSeconds
            {
                return open
            }
            close()
        }
        let now = system.clock()
        if let trouble, (trouble.nextTry - Self.secondsBetweenTries..<trouble.nextTry).contains(now) { return nil }
        open = openNew(now)
        if open != nil { deleteOldest() }
        return open
    }

    /// Whether the file still has a name: somebody may have taken it away.
    private func isThere(_ open: Open) -> Bool {
        var status = stat()
        return fstat(open.descriptor, &status) == 0 && status.st_nlink > 0
    }

    private func openNew(_ now: Int) -> Open? {
        let stem = "\(prefix)-\(UTCDate(seconds: now).compactText)-"
        // Never a number again that was deleted: the order of names is that of the files.
        let first = stem == last.stem ? last.number + 1 : 1
        for number in first..<100_000 {
            let path = "\(stem)\(number.padded(5))\(Self.suffix)"
            // What is there is never written over, and never followed. Requests are nobody else's business.
            let descriptor = openDescriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
            if descriptor >= 0 {
                last = (stem, number)
                return Open(descriptor: descriptor, path: path, since: now)
            }
            if errno != EEXIST {
                fail(path, errno)
                return nil
            }
        }
        fail(stem, EEXIST)
        return nil
    }

    private func deleteOldest() {
        guard limits.maximumCount > 0, let slash = prefix.lastIndex(of: "/") else { return }
        let folder = String(prefix[...slash])
        let stem = "\(prefix[prefix.index(after: slash)...])-"
        let names = (LocalFolder.names(in: folder) ?? []).filter { Self.isOurs($0, stem) }.sorted()
        for name in names.dropLast(limits.maximumCount) { unlink(folder + name) }
    }

    private static let suffix = ".tfrecord"

    /// Whether a file is one of the log whose files begin with `stem`: the rest is time and number as `openNew` writes them.
    private static func isOurs(_ name: String, _ stem: String) -> Bool {
        guard name.hasPrefix(stem), name.hasSuffix(suffix) else { return false }
        let middle = name.dropFirst(stem.count).dropLast(suffix.count)
        return zip(middle.utf8, "00000000T000000Z-00000".utf8).allSatisfy { byte, pattern in
            pattern == UInt8(ascii: "0") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == pattern
        } && middle.utf8.count == 22
    }
}

// The names of the system's calls are those of methods here.
private func closeDescriptor(_ descriptor: CInt) { _ = close(descriptor) }
private func openDescriptor(_ path: String, _ flags: CInt, _ mode: mode_t) -> CInt { open(path, flags, mode) }
