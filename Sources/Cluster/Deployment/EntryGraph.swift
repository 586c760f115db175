import ModelSignatures

/// What an entry's `saved_model.pb` says of the shards that it asks.
public enum EntryGraph {
    /// The model's name, which training wrote into the operations that ask shards: `MODEL:ps_0`.
    ///
    /// - Parameter savedModel: a serialized `tensorflow.SavedModel`.
    /// - Returns: `nil` when no operation asks a shard, or none names a model, or the bytes are no SavedModel.
    public static func modelName(savedModel: [UInt8]) -> String? {
        savedModel.withUnsafeBytes { bytes in
            guard let name = remotePredictModel(bytes, path: Self.path[...]) else { return nil }
            let model = name.prefix { $0 != ":" }
            return model.isEmpty || model.utf8.count == name.utf8.count ? nil : String(model)
        }
    }

    /// Numbers of the fields that lead to nodes: meta_graphs, graph_def, and node, or library, function and node_def.
    private indirect enum Step {
        case field(Int, [Step])
        case node
    }

    private static let path: [Step] = [
        .field(2, [.field(2, [.field(1, [.node]), .field(2, [.field(1, [.field(3, [.node])])])])])
    ]

    private static func remotePredictModel(_ message: UnsafeRawBufferPointer, path: ArraySlice<Step>) -> String? {
        for step in path {
            guard case .field(let number, let rest) = step else { return nodeModel(message) }
            var reader = ProtobufReader(message)
            while let (field, value) = try? reader.next() {
                guard field == number, case .bytes(let inner) = value else { continue }
                if let name = remotePredictModel(inner, path: rest[...]) { return name }
            }
        }
        return nil
    }

    /// `NodeDef`: op = 2, attr = 5 { key = 1, value = 2 { s = 2 } }
    private static func nodeModel(_ node: UnsafeRawBufferPointer) -> String? {
        var isRemotePredict = false
        var name: String?
        var reader = ProtobufReader(node)
        while let (field, value) = try? reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            if field == 2 { isRemotePredict = bytes.elementsEqual("TfServingRemotePredict".utf8) }
            if field == 5, let (key, attribute) = try? SignatureDefinition.mapEntry(bytes), key == "model_name" {
                name = text(attribute)
            }
        }
        return isRemotePredict ? name : nil
    }

    private static func text(_ attribute: UnsafeRawBufferPointer) -> String? {
        var reader = ProtobufReader(attribute)
        while let (field, value) = try? reader.next() {
            if field == 2, case .bytes(let bytes) = value { return String(validating: bytes, as: UTF8.self) }
        }
        return nil
    }
}
