package import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A library that an engine opens at run time.
package struct EngineLibrary: Sendable {
    /// `TensorFlow`; error texts use it.
    package var name: String
    package var fileName: String
    /// Names the file, in place of a search.
    package var environmentVariable: String
    /// The option of `apus serve` that names it.
    package var option: String
    /// Where `scripts/setup` puts the file, below a folder; a pattern of `glob` may be among them.
    package var installedPaths: [String]

    package init(
        name: String,
        fileName: String,
        environmentVariable: String,
        option: String,
        installedPaths: [String]
    ) {
        self.name = name
        self.fileName = fileName
        self.environmentVariable = environmentVariable
        self.option = option
        self.installedPaths = installedPaths
    }
}

/// Where an engine's library is looked for: a path the user gave, else near the executable, else near the current folder.
package struct LibrarySearch: Sendable {
    package let library: EngineLibrary
    /// The value of the environment variable.
    package var environmentPath: String?
    /// Folders that may hold `.deps` or `.venv`, in order.
    package var folders: [String]

    package init(for library: EngineLibrary, environmentPath: String?, folders: [String]) {
        self.library = library
        self.environmentPath = environmentPath
        self.folders = folders
    }

    /// The executable's folder with its parents, up to the package's root if there is one, then the current folder.
    package static func ofThisProcess(for library: EngineLibrary) -> LibrarySearch {
        var folders: [String] = []
        var folder = realPath("/proc/self/exe").map(parent) ?? ""
        while !folder.isEmpty {
            folders.append(folder)
            if isFile("\(folder)/Package.swift") { break }
            folder = parent(folder)
        }
        if let current = realPath("."), !folders.contains(current) { folders.append(current) }
        let environmentPath = getenv(library.environmentVariable).map { String(cString: $0) }
        return LibrarySearch(for: library, environmentPath: environmentPath, folders: folders)
    }

    /// The first place that holds the library. A path the user gave is the only place then.
    ///
    /// - Throws: `FAILED_PRECONDITION` that names every place and the command that installs the library.
    package func find(explicitPath: String?) throws(ServingError) -> String {
        let given = [explicitPath, environmentPath].compactMap { $0 }.first { !$0.isEmpty }
        let candidates = given.map { [$0] } ?? folders.flatMap(candidates(below:))
        if let found = candidates.first(where: Self.isFile) { return found }
        throw .failedPrecondition(
            "The \(library.name) library \(library.fileName) was not found. Looked at: "
                + candidates.joined(separator: ", ")
                + ". Run scripts/setup to install it, or name the file with \(library.option) or "
                + "\(library.environmentVariable)."
        )
    }

    /// A pattern that matches nothing stands for itself, so that errors show it.
    private func candidates(below folder: String) -> [String] {
        library.installedPaths.flatMap { path in
            let found = Self.matches(of: "\(folder)/\(path)")
            return found.isEmpty ? ["\(folder)/\(path)"] : found
        }
    }

    /// Files that belong to the library, from the first place that has any of `patterns`: below the folders, or two levels
    /// above `path`, where the library itself was found (the Python packages beside its own).
    package func companions(of path: String, _ patterns: [String]) -> [String] {
        let besideLibrary = Self.realPath(path).map { Self.parent(Self.parent($0)) } ?? ""
        let places = (folders + [besideLibrary]).flatMap { folder in patterns.map { "\(folder)/\($0)" } }
        return places.lazy.map(Self.matches(of:)).first { !$0.isEmpty } ?? []
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
