/// Every file and folder under a path, by its name relative to it.
struct FolderTree {
    /// More than any model has; a bound on what a look costs, and on loops of links.
    private static let maximumDepth = 16
    private static let maximumCount = 100_000

    private(set) var files: [String: FileStatus] = [:]

    init(_ path: String, in files: some FileSystem) { add(path, prefix: "", depth: 0, files) }

    private mutating func add(_ folder: String, prefix: String, depth: Int, _ source: some FileSystem) {
        // A folder that cannot be read now looks like an empty one: what it lacks is reported.
        guard depth < Self.maximumDepth, let names = try? source.names(in: folder) else { return }
        for name in names {
            guard files.count < Self.maximumCount else { return }
            let path = "\(folder)/\(name)"
            guard let status = source.status(of: path) else { continue }
            files[prefix + name] = status
            if status.isFolder { add(path, prefix: "\(prefix)\(name)/", depth: depth + 1, source) }
        }
    }
}
