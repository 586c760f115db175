#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Folders of the user that the server runs as.
enum UsersFolder {
    /// By the XDG Base Directory Specification; in the system's folder for what outlives a start where there is no home.
    static var cache: String {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return variable("XDG_CACHE_HOME").map { "\($0)/apus" } ?? variable("HOME").map { "\($0)/.cache/apus" }
            ?? "/var/tmp/apus-\(getuid())"
    }
}
