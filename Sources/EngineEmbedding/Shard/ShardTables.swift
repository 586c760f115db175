import ServingPrimitives

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
        guard groups.reduce(0, { $0 + $1.tables.count }) <= TableGroup.maximumTables else {
            throw .invalidArgument("the graph makes more than \(TableGroup.maximumTables) tables")
        }
        for index in groups.indices {
            groups[index].dump = try dump(of: groups[index].sharedName, in: folder, prefixes)
        }
        return groups
    }

    /// config is an input: a constant with a `MultiEmbeddingHashTableConfig` { names = 1, configs = 2 }.
    private func multiGroup(_ node: GraphNode) throws(ServingError) -> TableGroup {
        guard let config = node.tensors.first.flatMap({ constant($0) }) else {
            throw .invalidArgument("the configuration of \(node.name) is no constant of the graph")
        }
        return try .multi(sharedName(of: node), config, node: node.name)
    }

    private func plainGroup(_ node: GraphNode) throws(ServingError) -> TableGroup {
        guard let config = node.attributes["config"] else {
            throw .invalidArgument("\(node.name) makes a table and has no attribute config")
        }
        return try .plain(sharedName(of: node), config)
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
            dumps.insert(try path.isAsset ? path.text : prefixes.local(path.text, of: table, constant: inputs[1]))
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
}
