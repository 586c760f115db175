package import ModelSignatures

/// What of a SavedModel matters for the tables of a shard. Field numbers are those of
/// tensorflow/core/protobuf/saved_model.proto, meta_graph.proto and tensorflow/core/framework/graph.proto.
package struct ShardGraph {
    /// Nodes that make tables, fill them, or say from where, by name.
    private(set) var nodes: [String: GraphNode] = [:]
    /// Names of nodes in the order of the file.
    private(set) var order: [String] = []
    /// By the name of the constant, the file of the version's folder `assets` that it stands for.
    private(set) var assets: [String: String] = [:]
    /// By key; where a key is repeated the last one counts, as in any protobuf map.
    package private(set) var signatures: [String: SignatureDefinition] = [:]

    static let multiTable = "CreateMonolithMultiHashTable"
    static let plainTable = "MonolithHashTable"
    private static let makers = [multiTable, plainTable].map { Array($0.utf8) }
    private static let kept: Set<String> = [
        multiTable, plainTable, "ReadMonolithMultiHashTable", "MonolithMultiHashTableRestore",
        "MonolithHashTableRestore", "Const", "StringJoin", "Identity",
    ]

    /// - Parameters:
    ///   - savedModel: the whole of `saved_model.pb`.
    ///   - tags: of the graph that is meant, all of them.
    /// - Returns: `nil` when there is no such graph, or it makes no table.
    package init?(_ savedModel: UnsafeRawBufferPointer, tags: [String]) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(savedModel)
        while let (field, value) = try reader.next() {
            // meta_graphs
            guard field == 2, case .bytes(let metaGraph) = value else { continue }
            guard try Self.tags(of: metaGraph) == Set(tags) else { continue }
            guard try Self.makesTables(metaGraph) else { return nil }
            try read(metaGraph)
            return
        }
        return nil
    }

    /// meta_info_def = 1 { tags = 4 }
    private static func tags(of metaGraph: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Set<String> {
        var tags: Set<String> = []
        try forEach([1, 4], in: metaGraph) { tags.insert(String(decoding: $0, as: UTF8.self)) }
        return tags
    }

    /// Looks at operations only, so that other models cost little.
    private static func makesTables(_ metaGraph: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Bool {
        var makesTables = false
        // graph_def, node
        try forEach([2, 1], in: metaGraph) { (node) throws(ProtobufReader.Malformed) in
            guard !makesTables, let operation = try GraphNode.operation(node) else { return }
            makesTables = makers.contains { $0.elementsEqual(operation) }
        }
        return makesTables
    }

    /// graph_def = 2 { node = 1 }, collection_def = 4, signature_def = 5, asset_file_def = 6
    private mutating func read(_ metaGraph: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(metaGraph)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 2:
                try Self.forEach([1], in: bytes) { (node) throws(ProtobufReader.Malformed) in try add(node) }
            case 4: try readCollection(bytes)
            case 5:
                let (key, signature) = try SignatureDefinition.mapEntry(bytes)
                signatures[key] = try SignatureDefinition(signature)
            case 6: try readAsset(bytes)
            default: continue
            }
        }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        guard let operation = try GraphNode.operation(bytes),
            Self.kept.contains(String(decoding: operation, as: UTF8.self))
        else { return }
        let node = try GraphNode(bytes)
        // Constants of numbers are of no use here.
        guard node.operation != "Const" || node.text != nil else { return }
        if nodes.updateValue(node, forKey: node.name) == nil { order.append(node.name) }
    }

    /// Before `asset_file_def` there was a collection of the same messages: `saved_model_assets`, CollectionDef.any_list
    /// = 5 { value = 1 { value = 2 } }.
    private mutating func readCollection(_ entry: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        let (key, collection) = try SignatureDefinition.mapEntry(entry)
        guard key == "saved_model_assets" else { return }
        try Self.forEach([5, 1, 2], in: collection) { (asset) throws(ProtobufReader.Malformed) in try readAsset(asset) }
    }

    /// AssetFileDef: tensor_info = 1 { name = 1 }, filename = 2
    private mutating func readAsset(_ asset: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var tensor = ""
        var file = ""
        try Self.forEach([1, 1], in: asset) { tensor = String(decoding: $0, as: UTF8.self) }
        try Self.forEach([2], in: asset) { file = String(decoding: $0, as: UTF8.self) }
        assets[tensor.lastIndex(of: ":").map { String(tensor[..<$0]) } ?? tensor] = file
    }

    /// Calls `body` with all messages and strings at the end of a path of fields.
    static func forEach(
        _ path: ArraySlice<Int>,
        in message: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Void
    ) throws(ProtobufReader.Malformed) {
        guard let field = path.first else { return try body(message) }
        var reader = ProtobufReader(message)
        while let (number, value) = try reader.next() {
            guard number == field, case .bytes(let inner) = value else { continue }
            try forEach(path.dropFirst(), in: inner, body)
        }
    }
}
