import ModelSignatures
import ServingPrimitives

/// What a version says about its own session: `assets.extra/saved_model_config.pb`, a serialized
/// `tensorflow.serving.SavedModelConfig`. Of its fields only `session_overrides` means something to a session.
enum SavedModelConfig {
    private static let file = "assets.extra/saved_model_config.pb"
    private static let maximumLength = 16 << 20

    /// - Parameter log: takes the reason when the file cannot be used; the version is loaded all the same.
    /// - Returns: `nil` when there is no such file, or none that can be used, or it overrides nothing.
    static func overrides(in folder: String, log: (String) -> Void) -> SessionOverrides? {
        guard !folder.contains("://") else { return nil }
        let path = "\(folder)/\(file)"
        do throws(ServingError) {
            return try overrides(at: path)
        } catch {
            if error.code != .notFound { log("The version's own session settings are not used: \(error)") }
            return nil
        }
    }

    private static func overrides(at path: String) throws(ServingError) -> SessionOverrides? {
        let bytes = try LocalFile.contents(of: path, limit: maximumLength)
        do {
            return try bytes.withUnsafeBytes { try overrides(from: $0) }
        } catch {
            throw .internalError("Unable to parse SavedModelConfig: \(path)")
        }
    }

    /// - Throws: when the bytes are no such message.
    static func overrides(from bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> SessionOverrides? {
        var overrides: SessionOverrides?
        var config = ProtobufReader(bytes)
        while let (field, value) = try config.next() {
            // session_overrides
            guard field == 1, case .bytes(let message) = value else { continue }
            var merged = overrides ?? SessionOverrides()
            try merge(message, into: &merged)
            overrides = merged
        }
        return overrides
    }

    private static func merge(
        _ message: UnsafeRawBufferPointer,
        into overrides: inout SessionOverrides
    ) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let config)):  // remote_op_remap_config
                try add("remote_op_config_rewrite", "remote_op_rewrite_config", config, to: &overrides)
            case (2, .bytes(let config)):  // batch_op_rewriter_config
                try add("batch_op_rewriter", "batch_op_rewrite_config", config, to: &overrides)
            case (3, .varint(let value)): overrides.disablesMetaOptimizer = value != 0  // disable_meta_optimizer
            default: continue
            }
        }
    }

    /// Adds an optimizer, or its parameter to one that is there: messages that come twice are merged.
    private static func add(
        _ name: String,
        _ parameter: String,
        _ config: UnsafeRawBufferPointer,
        to overrides: inout SessionOverrides
    ) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(config)
        while try reader.next() != nil {}
        if let index = overrides.optimizers.firstIndex(where: { $0.name == name }) {
            overrides.optimizers[index].value += config
        } else {
            overrides.optimizers.append(.init(name: name, parameter: parameter, value: Array(config)))
        }
    }
}
