#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Paths a person typed, seen from the current directory.
public enum AbsolutePath {
    /// `path` itself when it is absolute or a URI, else below the current directory. Touches no file.
    public static func of(_ path: String) -> String {
        guard !path.hasPrefix("/"), !path.contains("://"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        let folder = String(cString: current)
        return folder == "/" ? "/\(path)" : "\(folder)/\(path)"
    }
}
