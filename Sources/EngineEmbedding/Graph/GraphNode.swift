import ModelSignatures

/// What a `tensorflow.NodeDef` says that matters for the tables of a shard. Field numbers are those of
/// tensorflow/core/framework/node_def.proto, attr_value.proto and tensor.proto.
struct GraphNode {
    var name = ""
    var operation = ""
    /// Names of tensors, `node` or `node:1`; `^node` orders nodes without a tensor.
    var inputs: [String] = []
    /// Attributes that are strings of bytes.
    var attributes: [String: [UInt8]] = [:]
    /// The one string of a constant; `nil` for all that is no such constant.
    var text: [UInt8]?

    /// name = 1, op = 2, input = 3, attr = 5
    init(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: name = String(decoding: bytes, as: UTF8.self)
            case 2: operation = String(decoding: bytes, as: UTF8.self)
            case 3: inputs.append(String(decoding: bytes, as: UTF8.self))
            case 5: try readAttribute(bytes)
            default: continue
            }
        }
    }

    /// Inputs that are tensors, without which output of their node they are.
    var tensors: [String] {
        inputs.filter { !$0.hasPrefix("^") }.map { input in
            input.lastIndex(of: ":").map { String(input[..<$0]) } ?? input
        }
    }

    /// The operation alone, without reading the rest.
    static func operation(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> UnsafeRawBufferPointer? {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            if field == 2, case .bytes(let operation) = value { return operation }
        }
        return nil
    }

    /// AttrValue: s = 2, tensor = 8
    private mutating func readAttribute(_ entry: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        let (key, message) = try SignatureDefinition.mapEntry(entry)
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            if field == 2 { attributes[key] = Array(bytes) }
            if field == 8, key == "value" { text = try Self.text(ofTensor: bytes) }
        }
    }

    /// TensorProto: dtype = 1 (7 is a string), string_val = 8
    private static func text(ofTensor bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> [UInt8]? {
        var isString = false
        var texts: [[UInt8]] = []
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint(let type)): isString = type == 7
            case (8, .bytes(let text)) where texts.count < 2: texts.append(Array(text))
            default: continue
            }
        }
        return isString && texts.count == 1 ? texts[0] : nil
    }
}
