public import ServingPrimitives

/// The dumps that lie in a place, and what keeps others there from being read.
public struct DumpCatalog: Sendable {
    /// Whole ones, by name.
    public private(set) var dumps: [DumpFiles] = []
    /// Why the others are not: a missing shard, shards of two saves, no metadata.
    public private(set) var problems: [ServingError] = []

    /// - Parameter path: a folder; that of an exported version, whose dumps lie in its `assets`; what the names of a
    ///   dump's files begin with; or one of the files.
    /// - Throws: `NOT_FOUND` when no file of a dump is there.
    public init(at path: String) throws(ServingError) {
        guard let (folder, found) = Self.files(at: path), !found.isEmpty else {
            throw .notFound(
                "\(path): no dump is here; expected a folder with files like NAME-00000-of-00004, or the path of such "
                    + "files without -00000-of-00004"
            )
        }
        for (name, files) in Dictionary(grouping: found, by: \.base).sorted(by: { $0.key < $1.key }) {
            do throws(ServingError) {
                dumps.append(try Self.dump(folder: folder, name: name, files))
            } catch {
                problems.append(error)
            }
        }
    }

    /// All of them.
    ///
    /// - Throws: the first problem.
    public func complete() throws(ServingError) -> [DumpFiles] {
        if let problem = problems.first { throw problem }
        return dumps
    }

    /// The folder, with a slash at its end, and the files of dumps in it that `path` means.
    private static func files(at path: String) -> (folder: String, files: [DumpFileName])? {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        for folder in [trimmed, "\(trimmed)/assets"] {
            guard let names = LocalFolder.names(in: folder) else { continue }
            let files = names.compactMap(DumpFileName.init)
            if !files.isEmpty { return (folder == "/" ? folder : "\(folder)/", files) }
        }
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let folder = String(path[..<slash])
        let name = String(path[slash...])
        let base = DumpFileName(name)?.base ?? name
        let names = LocalFolder.names(in: folder.isEmpty ? "." : folder) ?? []
        return (folder, names.compactMap(DumpFileName.init).filter { $0.base == base })
    }

    private static func dump(folder: String, name: String, _ files: [DumpFileName]) throws(ServingError) -> DumpFiles {
        let base = folder + name
        let counts = Set(files.map(\.shardCount)).sorted()
        guard counts.count == 1, let count = counts.first else {
            throw .failedPrecondition(
                "\(base): files of dumps with different numbers of shards lie here "
                    + "(\(counts.map(String.init).joined(separator: ", "))); expected those of one"
            )
        }
        if let stray = files.first(where: { $0.shard >= count }) {
            throw .failedPrecondition("\(folder)\(stray.text): there is no shard \(stray.shard) of \(count)")
        }
        let metadata = Set(files.filter(\.isMetadata).map(\.shard))
        let layout = metadata.isEmpty ? DumpFiles.Layout.plain : .multi
        let dump = try DumpFiles(folder: folder, name: name, layout: layout, shardCount: count)
        let data = Set(files.filter { !$0.isMetadata }.map(\.shard))
        try checkComplete(data, of: dump, path: dump.dataPath)
        if layout == .multi { try checkComplete(metadata, of: dump, path: dump.metadataPath) }
        return dump
    }

    private static func checkComplete(
        _ shards: Set<Int>,
        of dump: DumpFiles,
        path: (Int) -> String
    ) throws(ServingError) {
        let missing = (0..<dump.shardCount).filter { !shards.contains($0) }
        guard let first = missing.first else { return }
        let others = missing.count > 1 ? ", and \(missing.count - 1) more of its \(dump.shardCount)" : ""
        throw .failedPrecondition("\(dump.base): the dump is not whole: \(path(first)) is missing\(others)")
    }
}
