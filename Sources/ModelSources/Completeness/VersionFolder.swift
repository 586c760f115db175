import ServingPrimitives

/// What one look at a version's folder found.
struct VersionFolder: Hashable {
    /// Every file and folder in it, by its name relative to it.
    var files: [String: FileStatus] = [:]
    /// What is missing or wrong, as far as names and sizes tell; `nil` when everything the model needs is there.
    var defect: String?
    /// Changes whenever a file in it comes, goes or changes.
    var fingerprint: Int
    /// The latest change of any file or folder in it, in nanoseconds since 1970.
    var modified: Int64
    /// Why nothing can be said of it now, as its store does not answer.
    var silence: String?
}

extension VersionFolder {
    /// Looks at the folder and everything in it.
    ///
    /// - Parameter prefersTFLite: whether `model.tflite` alone will do, whatever there is of a SavedModel.
    init(_ path: String, prefersTFLite: Bool = false, in system: some FileSystem) {
        guard let status = system.status(of: path) else {
            self.init(defect: "it cannot be read", fingerprint: 0, modified: 0)
            return
        }
        guard status.isFolder else {
            self.init(defect: "it is not a folder", fingerprint: status.hashValue, modified: status.modified)
            return
        }
        let files: [String: FileStatus]
        do throws(FileSystemError) {
            files = try system.tree(of: path)
        } catch {
            self.init(fingerprint: 0, modified: 0, silence: error.message)
            return
        }
        self.init(
            files: files,
            defect: system.isPacked(path)
                ? nil
                : prefersTFLite && files[Self.tflite] != nil ? Self.defectOfTFLite(files) : Self.defect(of: files),
            fingerprint: files.hashValue,
            modified: max(status.modified, files.values.lazy.map(\.modified).max() ?? 0)
        )
    }

    /// Reads what the folder says of itself, which `defect` leaves out: the index of the variables, and the list of
    /// checksums. Reads every listed file to its end.
    ///
    /// - Parameter path: where this folder is.
    func contentDefect(at path: String, _ manifest: ManifestRule, in system: some FileSystem) -> VersionDefect? {
        if let defect = defectOfIndex(at: path, in: system) { return VersionDefect(defect) }
        return defectOfManifest(at: path, manifest, in: system)
    }

    /// The files one of which holds the graph.
    private static let graphFiles = ["saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"]
    private static let tflite = "model.tflite"
    private static let index = "variables/variables.index"
    /// That of a million variables. Of a longer one only the names of its data files are checked.
    private static let maximumIndexBytes = 256 << 20

    private static func defectOfTFLite(_ files: [String: FileStatus]) -> String? {
        files[tflite]?.byteCount == 0 ? "\(tflite) is empty" : nil
    }

    private static func defect(of files: [String: FileStatus]) -> String? {
        guard let graph = graphFiles.first(where: { files[$0] != nil }) else {
            return "there is no saved_model.pb or saved_model.pbtxt in it"
        }
        guard let size = files[graph]?.byteCount, size > 0 else { return "\(graph) is empty" }
        return defectOfVariables(files)
    }

    /// A model without variables has no `variables` folder or nothing in it. Every other has an index and, for some
    /// number N, all of the data files `-of-N`.
    private static func defectOfVariables(_ files: [String: FileStatus]) -> String? {
        var shards: [Int: Set<Int>] = [:]
        for name in files.keys {
            guard let shard = VariableShard(path: name) else { continue }
            shards[shard.count, default: []].insert(shard.number)
        }
        guard files[index] != nil else { return shards.isEmpty ? nil : "\(index) is missing" }
        guard !shards.contains(where: { $0.value.count == $0.key }) else { return nil }
        guard let (count, present) = shards.max(by: { $0.key < $1.key }) else {
            return "\(index) is there, but no variables/variables.data-... file"
        }
        let missing = (0..<count).first { !present.contains($0) } ?? 0
        return "\(VariableShard(number: missing, count: count).path) is missing"
    }

    /// All data files that the index names are there, and as long as its entries need.
    private func defectOfIndex(at path: String, in system: some FileSystem) -> String? {
        guard files[Self.index] != nil,
            let bytes = try? system.contents(of: "\(path)/\(Self.index)", limit: Self.maximumIndexBytes)
        else { return nil }
        let index: CheckpointIndex
        do throws(CheckpointIndex.Problem) {
            index = try CheckpointIndex(bytes)
        } catch {
            switch error {
            case .malformed(let text): return "\(Self.index): \(text)"
            case .unreadable: return nil
            }
        }
        for number in 0..<index.shardCount {
            let shard = VariableShard(number: number, count: index.shardCount).path
            guard let size = files[shard]?.byteCount else { return "\(shard) is missing" }
            let needed = index.neededBytes[number] ?? 0
            if size < needed { return "\(shard) has \(size) bytes; its index needs \(needed)" }
        }
        return nil
    }

    private func defectOfManifest(
        at path: String,
        _ rule: ManifestRule,
        in system: some FileSystem
    ) -> VersionDefect? {
        guard rule != .ignore else { return nil }
        let name = ChecksumList.fileName
        guard files[name] != nil else {
            guard rule == .require else { return nil }
            return VersionDefect("\(name) is missing, and is required", refusal: .failedPrecondition)
        }
        do throws(FileSystemError) {
            let bytes = try system.contents(of: "\(path)/\(name)", limit: ChecksumList.maximumByteCount)
            switch Result(catching: { () throws(ChecksumList.Problem) in try ChecksumList(bytes) }) {
            case .success(let list): return try defect(by: list, at: path, in: system)
            case .failure(let problem):
                return VersionDefect("line \(problem.line) of \(name): \(problem.text)", refusal: .dataLoss)
            }
        } catch {
            return VersionDefect("\(name) cannot be checked: \(error.message)", refusal: .unavailable)
        }
    }

    private func defect(
        by list: ChecksumList,
        at path: String,
        in system: some FileSystem
    ) throws(FileSystemError) -> VersionDefect? {
        let listed = list.digests.sorted { $0.key < $1.key }
        if let missing = listed.first(where: { files[$0.key] == nil }) {
            return VersionDefect(
                "\(missing.key) is missing, and listed in \(ChecksumList.fileName)",
                refusal: .dataLoss
            )
        }
        for (file, expected) in listed {
            let found = try system.digest(of: "\(path)/\(file)")
            guard found == expected else {
                return VersionDefect(
                    "\(file) has the SHA-256 \(found); \(ChecksumList.fileName) lists \(expected)",
                    refusal: .dataLoss
                )
            }
        }
        return nil
    }
}
