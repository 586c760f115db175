import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the files of a profile go: `REPOSITORY_ROOT/SESSION_ID/HOST_NAME.xplane.pb`, as TensorBoard looks for them.
///
/// All three parts come from a client. The folder must be one of this machine, given by its full path, and the two names
/// may only name something inside of it; the files have the endings of profiles, and links are not followed to them.
struct ProfileFolder: Hashable {
    private static let longestPath = 3000
    private static let longestName = 200

    let path: String
    private let host: String

    /// - Parameter root: may be written as a `file://` URI.
    /// - Throws: `INVALID_ARGUMENT` for what does not name a folder of this machine, with what to do.
    init(root: String, session: String, host: String) throws(ServingError) {
        let scheme = "file://"
        let local = root.hasPrefix(scheme) ? String(root.dropFirst(scheme.count)) : root
        guard !root.contains("://") || root.hasPrefix(scheme) else {
            throw .invalidArgument(
                "repository_root is \"\(root.prefix(Self.longestName))\"; this server writes profiles to folders of its "
                    + "own machine only. Set emit_xspace to get the profile in the answer"
            )
        }
        guard local.hasPrefix("/"), local.utf8.count <= Self.longestPath, Self.isPlain(local),
            !local.split(separator: "/").contains("..")
        else {
            throw .invalidArgument(
                "repository_root is \"\(root.prefix(Self.longestName))\"; expected the full path of a folder, without .. and "
                    + "at most \(Self.longestPath) bytes long"
            )
        }
        // TensorFlow writes a port behind a host with _ as well.
        let host = String(host.map { $0 == ":" ? "_" : $0 })
        for (field, name) in [("session_id", session), ("host_name", host)] {
            // Without a session, TensorFlow writes into the root itself.
            if field == "session_id", name.isEmpty { continue }
            guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), Self.isPlain(name),
                name.utf8.count <= Self.longestName
            else {
                throw .invalidArgument(
                    "\(field) is \"\(name.prefix(Self.longestName))\"; expected a file name of 1 to \(Self.longestName) bytes"
                )
            }
        }
        path = (local.hasSuffix("/") ? local : local + "/") + session
        self.host = host
    }

    private static func isPlain(_ text: String) -> Bool { !text.utf8.contains { $0 < 0x20 || $0 == 0x7F } }

    /// Writes one file of the profile; folders are made as needed.
    ///
    /// - Parameter ending: `xplane.pb`
    /// - Throws: `INTERNAL` with what the system says, as TensorFlow's service.
    func write(_ bytes: [UInt8], as ending: String) throws(ServingError) {
        try makeFolders()
        let file = "\(path)/\(host).\(ending)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else { throw Self.systemError(file) }
        defer { close(descriptor) }
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { Self.write(descriptor, $0[start...]) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.systemError(file) }
            start += count
        }
    }

    private static func write(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let rest = UnsafeRawBufferPointer(rebasing: bytes)
        #if canImport(Musl)
        return Musl.write(descriptor, rest.baseAddress, rest.count)
        #else
        return Glibc.write(descriptor, rest.baseAddress, rest.count)
        #endif
    }

    private func makeFolders() throws(ServingError) {
        var folder = ""
        for part in path.split(separator: "/") {
            folder += "/\(part)"
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw Self.systemError(folder) }
        }
    }

    private static func systemError(_ path: String) -> ServingError {
        .internalError("cannot write the profile: \(path); \(String(cString: strerror(errno)))")
    }
}
