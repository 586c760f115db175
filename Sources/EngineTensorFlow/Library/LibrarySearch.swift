import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where libtensorflow is looked for: a path the user gave, else near the executable, else near the current folder.
struct LibrarySearch: Sendable {
    static let fileName = "libtensorflow_cc.so.2"
    static let environmentVariable = "APUS_TENSORFLOW_LIBRARY"

    /// The value of `APUS_TENSORFLOW_LIBRARY`.
    var environmentPath: String?
    /// Folders that may hold `.deps` or `.venv`, in order.
    var folders: [String]

    /// The executable's folder with its parents, up to the package's root if there is one, then the current folder.
    static func ofThisProcess() -> LibrarySearch {
        var folders: [String] = []
        var folder = realPath("/proc/self/exe").map(parent) ?? ""
        while !folder.isEmpty {
            folders.append(folder)
            if isFile("\(folder)/Package.swift") { break }
            folder = parent(folder)
        }
        if let current = realPath("."), !folders.contains(current) { folders.append(current) }
        return LibrarySearch(environmentPath: getenv(environmentVariable).map { String(cString: $0) }, folders: folders)
    }

    /// The first place that holds the library. A path the user gave is the only place then.
    ///
    /// - Throws: `FAILED_PRECONDITION` that names every place and the command that installs the library.
    func find(explicitPath: String?) throws(ServingError) -> String {
        let given = [explicitPath, environmentPath].compactMap { $0 }.first { !$0.isEmpty }
        let candidates = given.map { [$0] } ?? folders.flatMap(Self.candidates(below:))
        if let found = candidates.first(where: Self.isFile) { return found }
        throw .failedPrecondition(
            "The TensorFlow library \(Self.fileName) was not found. Looked at: "
                + candidates.joined(separator: ", ")
                + ". Run scripts/setup to install it, or name the file with --tensorflow-library or "
                + "\(Self.environmentVariable)."
        )
    }

    /// Where `scripts/setup` puts the library, below `folder`.
    private static func candidates(below folder: String) -> [String] {
        let pattern = "\(folder)/.venv/lib/python3*/site-packages/tensorflow/\(fileName)"
        let installed = matches(of: pattern)
        return ["\(folder)/.deps/tensorflow/lib/\(fileName)"] + (installed.isEmpty ? [pattern] : installed)
    }

    private static func matches(of pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, 0, nil, &result) == 0, let paths = result.gl_pathv else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }

    private static func isFile(_ path: String) -> Bool { access(path, R_OK) == 0 }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// `/a/b` for `/a/b/c`; empty above that.
    private static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}
