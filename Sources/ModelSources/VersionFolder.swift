/// What one look at a version's folder found.
struct VersionFolder: Hashable {
    /// What is missing or wrong, for a person to read; `nil` when everything the model needs is there.
    var defect: String?
    /// Changes whenever a file in it comes, goes or changes.
    var fingerprint: Int
    /// The latest change of any file or folder in it, in nanoseconds since 1970.
    var modified: Int64
}

extension VersionFolder {
    /// Looks at the folder and everything in it.
    ///
    /// - Parameter prefersTFLite: whether `model.tflite` alone will do, whatever there is of a SavedModel.
    init(_ path: String, prefersTFLite: Bool = false, in files: some FileSystem) {
        guard let status = files.status(of: path) else {
            self.init(defect: "it cannot be read", fingerprint: 0, modified: 0)
            return
        }
        guard status.isFolder else {
            self.init(defect: "it is not a folder", fingerprint: status.hashValue, modified: status.modified)
            return
        }
        let contents = FolderContents(path, in: files)
        self.init(
            defect: prefersTFLite && contents.files[Self.tflite] != nil
                ? Self.defectOfTFLite(contents) : Self.defect(of: contents),
            fingerprint: contents.files.hashValue,
            modified: max(status.modified, contents.files.values.lazy.map(\.modified).max() ?? 0)
        )
    }

    /// The files one of which holds the graph.
    private static let graphFiles = ["saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"]
    private static let tflite = "model.tflite"
    private static let index = "variables/variables.index"

    private static func defectOfTFLite(_ contents: FolderContents) -> String? {
        contents.files[tflite]?.byteCount == 0 ? "\(tflite) is empty" : nil
    }

    private static func defect(of contents: FolderContents) -> String? {
        guard let graph = graphFiles.first(where: { contents.files[$0] != nil }) else {
            return "there is no saved_model.pb or saved_model.pbtxt in it"
        }
        guard let size = contents.files[graph]?.byteCount, size > 0 else { return "\(graph) is empty" }
        return defectOfVariables(contents)
    }

    /// A model without variables has no `variables` folder or nothing in it. Every other has an index and, for some
    /// number N, all of the data files `-of-N`.
    private static func defectOfVariables(_ contents: FolderContents) -> String? {
        var shards: [Int: Set<Int>] = [:]
        for name in contents.files.keys {
            guard let shard = VariableShard(path: name) else { continue }
            shards[shard.count, default: []].insert(shard.number)
        }
        guard contents.files[index] != nil else { return shards.isEmpty ? nil : "\(index) is missing" }
        guard !shards.contains(where: { $0.value.count == $0.key }) else { return nil }
        guard let (count, present) = shards.max(by: { $0.key < $1.key }) else {
            return "\(index) is there, but no variables/variables.data-... file"
        }
        let missing = (0..<count).first { !present.contains($0) } ?? 0
        return "\(VariableShard(number: missing, count: count).path) is missing"
    }
}

/// One data file of a checkpoint: `variables/variables.data-00000-of-00002`
/// (`tensorflow/core/util/tensor_bundle/naming.cc`).
struct VariableShard: Hashable {
    var number: Int
    var count: Int

    private static let prefix = "variables/variables.data-"

    init(number: Int, count: Int) {
        self.number = number
        self.count = count
    }

    init?(path: String) {
        guard path.hasPrefix(Self.prefix) else { return nil }
        let parts = path.dropFirst(Self.prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "of", parts[0].utf8.count == 5, parts[2].utf8.count == 5,
            let number = Int(parts[0]), let count = Int(parts[2]), (0..<count).contains(number)
        else { return nil }
        self.init(number: number, count: count)
    }

    var path: String { Self.prefix + Self.fiveDigits(number) + "-of-" + Self.fiveDigits(count) }

    private static func fiveDigits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
    }
}

/// Every file and folder under a path, by its name relative to it.
private struct FolderContents {
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
