import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Folders of the user that the server runs as.
enum UsersFolder {
    /// By the XDG Base Directory Specification; in the system's folder for what outlives a start where there is no home.
    static var cache: String {
        variable("XDG_CACHE_HOME").map { "\($0)/apus" } ?? variable("HOME").map { "\($0)/.cache/apus" }
            ?? "/var/tmp/apus-\(getuid())"
    }

    /// For what one start leaves for the next; `nil` where the process has no home.
    static var state: String? {
        (variable("XDG_STATE_HOME") ?? variable("HOME").map { "\($0)/.local/state" }).map { "\($0)/apus" }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// Makes an empty file where there is none, and the folders that it lies in.
    ///
    /// - Throws: what the system says.
    static func makeFile(at path: String) throws(ServingError) {
        var folder = ""
        for name in path.split(separator: "/").dropLast() {
            folder += "/\(name)"
            mkdir(folder, 0o755)
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .unavailable("cannot make \(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }
}
