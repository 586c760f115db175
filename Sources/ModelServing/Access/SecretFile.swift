import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Files with secrets in them.
enum SecretFile {
    /// Says so when every user of the machine can read the file.
    static func warnIfEverybodyCanRead(_ path: String, _ logger: Logger) {
        var status = stat()
        let local = path.hasPrefix("file://") ? String(path.dropFirst("file://".count)) : path
        guard stat(local, &status) == 0, status.st_mode & S_IROTH != 0 else { return }
        logger.warning(
            "A file with secrets can be read by everybody; take that right away, as with chmod o-r",
            metadata: ["path": "\(path)", "mode": "\(String(status.st_mode & 0o7777, radix: 8))"]
        )
    }
}
