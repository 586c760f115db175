import ServingPrimitives

/// A table of a shard.
struct ShardTable: Hashable {
    /// What clients call it.
    var name: String
    var configuration: TableConfiguration
}

/// Tables of a shard that are filled from one dump.
struct TableGroup: Hashable {
    enum Kind: Hashable {
        /// One node of the graph with several tables, in the order in which requests have them.
        case multi
        /// A node with one table.
        case plain
    }

    var kind: Kind
    var sharedName: String
    var tables: [ShardTable]
    /// What the names of the dump's files begin with, on this machine; `nil` when the graph fills the tables from none.
    var dump: String?

    /// What journals call a table: the length of the node's name, it, and the table's own.
    func key(of table: ShardTable) -> String { "\(sharedName.utf8.count):\(sharedName)/\(table.name)" }
}

extension ShardGraph {
    /// The tables that the graph makes, in the order of the file.
    ///
    /// - Parameters:
    ///   - folder: the version's.
    ///   - prefixes: of paths that the graph holds.
    /// - Throws: `INVALID_ARGUMENT` for what cannot be a shard, `FAILED_PRECONDITION` for dumps that are not on this machine.
    func tableGroups(in folder: String, _ prefixes: [PathPrefix]) throws(ServingError) -> [TableGroup] {
        var groups: [TableGroup] = []
        for name in order {
            guard let node = nodes[name] else { continue }
            switch node.operation {
            case Self.multiTable: groups.append(try multiGroup(node))
            case Self.plainTable: groups.append(try plainGroup(node))
            default: continue
            }
        }
        guard Set(groups.map(\.sharedName)).count == groups.count else {
            throw .invalidArgument("several nodes of the graph make tables with the same shared_name")
        }
        guard groups.reduce(0, { $0 + $1.tables.count }) <= Self.maximumTables else {
            throw .invalidArgument("the graph makes more than \(Self.maximumTables) tables")
        }
        for index in groups.indices {
            groups[index].dump = try dump(of: groups[index].sharedName, in: folder, prefixes)
        }
        return groups
    }

    static let maximumTables = 1 << 14

    /// config is an input: a constant with a `MultiEmbeddingHashTableConfig` { names = 1, configs = 2 }.
    private func multiGroup(_ node: GraphNode) throws(ServingError) -> TableGroup {
        guard let config = node.tensors.first.flatMap({ constant($0) }) else {
            throw .invalidArgument("the configuration of \(node.name) is no constant of the graph")
        }
        let (names, configs) = try Self.split(config, node.name)
        guard !names.isEmpty, names.count == configs.count, Set(names).count == names.count else {
            throw .invalidArgument(
                "the configuration of \(node.name) has \(names.count) names for \(configs.count) tables; expected each table "
                    + "with a name of its own"
            )
        }
        var tables: [ShardTable] = []
        for (name, config) in zip(names, configs) { tables.append(try Self.table(name, config)) }
        return TableGroup(kind: .multi, sharedName: sharedName(of: node), tables: tables)
    }

    private func plainGroup(_ node: GraphNode) throws(ServingError) -> TableGroup {
        guard let config = node.attributes["config"] else {
            throw .invalidArgument("\(node.name) makes a table and has no attribute config")
        }
        let name = sharedName(of: node)
        return TableGroup(kind: .plain, sharedName: name, tables: [try Self.table(name, config)])
    }

    private static func table(_ name: String, _ config: [UInt8]) throws(ServingError) -> ShardTable {
        let result = config.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try TableConfiguration(bytes, table: name) }
        }
        return ShardTable(name: name, configuration: try result.get())
    }

    private static func split(
        _ config: [UInt8],
        _ node: String
    ) throws(ServingError) -> (names: [String], configs: [[UInt8]]) {
        do {
            return try config.withUnsafeBytes { bytes in
                var names: [String] = []
                var configs: [[UInt8]] = []
                try ShardGraph.forEach([1], in: bytes) { names.append(String(decoding: $0, as: UTF8.self)) }
                try ShardGraph.forEach([2], in: bytes) { configs.append(Array($0)) }
                return (names, configs)
            }
        } catch {
            throw .invalidArgument("the configuration of \(node) is no MultiEmbeddingHashTableConfig")
        }
    }

    private func sharedName(of node: GraphNode) -> String {
        // A node without one is known by its own name.
        guard let name = node.attributes["shared_name"], !name.isEmpty else { return node.name }
        return String(decoding: name, as: UTF8.self)
    }

    // MARK: - What the graph computes

    /// Steps of one look through the graph: hostile ones are told from those of exporters by their length.
    private static let maximumSteps = 256
    private static let maximumPath = 4_096

    private func constant(_ name: String) -> [UInt8]? {
        var node = nodes[name]
        for _ in 0..<Self.maximumSteps {
            guard let current = node else { return nil }
            if current.operation == "Const" { return current.text }
            guard current.operation == "Identity" else { return nil }
            node = current.tensors.first.flatMap { nodes[$0] }
        }
        return nil
    }

    /// The shared name of the table that a node makes, reads or passes on.
    private func table(behind name: String) -> String? {
        var node = nodes[name]
        for _ in 0..<Self.maximumSteps {
            guard let current = node else { return nil }
            switch current.operation {
            case Self.multiTable, Self.plainTable, "ReadMonolithMultiHashTable": return sharedName(of: current)
            default: node = current.tensors.first.flatMap { nodes[$0] }
            }
        }
        return nil
    }

    private func dump(of table: String, in folder: String, _ prefixes: [PathPrefix]) throws(ServingError) -> String? {
        var dumps: Set<String> = []
        for name in order {
            guard let node = nodes[name],
                ["MonolithMultiHashTableRestore", "MonolithHashTableRestore"].contains(node.operation)
            else { continue }
            let inputs = node.tensors
            guard inputs.count == 2, self.table(behind: inputs[0]) == table else { continue }
            var steps = Self.maximumSteps
            guard let path = path(inputs[1], in: folder, &steps) else {
                throw .invalidArgument(
                    "\(name) fills table \(table) from a path that is no constant of the graph (\(inputs[1]))"
                )
            }
            dumps.insert(try local(path, named: inputs[1], of: table, prefixes))
        }
        guard dumps.count <= 1 else {
            throw .invalidArgument(
                "the graph fills table \(table) from several dumps: \(dumps.sorted().joined(separator: ", "))"
            )
        }
        return dumps.first
    }

    /// Text that constants are joined to.
    private func path(_ name: String, in folder: String, _ steps: inout Int) -> (text: String, isAsset: Bool)? {
        steps -= 1
        guard steps >= 0, let node = nodes[name] else { return nil }
        switch node.operation {
        case "Const":
            // Exporters name the constant for the folder of assets so; loaders feed its path.
            if let file = assets[name] ?? (name == "ASSET_BASE" ? "./" : nil) {
                // `./` is the folder itself: errors show paths as people write them.
                var file = Substring(file)
                while file.hasPrefix("./") { file = file.dropFirst(2) }
                return ("\(folder)/assets/\(file)", true)
            }
            return node.text.map { (String(decoding: $0, as: UTF8.self), false) }
        case "Identity": return node.tensors.first.flatMap { path($0, in: folder, &steps) }
        case "StringJoin":
            var parts: [String] = []
            var isAsset = false
            for input in node.tensors {
                guard let part = path(input, in: folder, &steps) else { return nil }
                isAsset = isAsset || parts.isEmpty && part.isAsset
                parts.append(part.text)
            }
            let separator = node.attributes["separator"].map { String(decoding: $0, as: UTF8.self) } ?? ""
            let text = parts.joined(separator: separator)
            return text.utf8.count <= Self.maximumPath ? (text, isAsset) : nil
        default: return nil
        }
    }

    private func local(
        _ path: (text: String, isAsset: Bool),
        named node: String,
        of table: String,
        _ prefixes: [PathPrefix]
    ) throws(ServingError) -> String {
        guard !path.isAsset else { return path.text }
        let local = prefixes.applied(to: path.text)
        let scheme = "file://"
        let plain = local.hasPrefix(scheme) ? String(local.dropFirst(scheme.count)) : local
        guard plain.hasPrefix("/") else {
            throw .failedPrecondition(
                "the dump of table \(table) is at \(path.text) by constant \(node), which is no path of this machine; say "
                    + "where it lies here with --embedding-path-prefix FOREIGN=LOCAL"
            )
        }
        return plain
    }
}
