import EngineInterface
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import WireFormat

extension ProtobufJSON {
    /// `SignatureDefMap`, names sorted.
    mutating func signatures(_ signatures: [Signature]) throws(ServingError) {
        let sorted = signatures.sorted { $0.name < $1.name }
        try object { json throws(ServingError) in
            try json.object("signature_def") { json throws(ServingError) in
                for signature in sorted {
                    let definition = try Tensorflow_SignatureDef(signature)
                    json.object(signature.name) { $0.signature(definition) }
                }
            }
        }
    }

    private mutating func signature(_ definition: Tensorflow_SignatureDef) {
        map("inputs", definition.inputs) { $0.tensorInfo($1) }
        map("outputs", definition.outputs) { $0.tensorInfo($1) }
        string("method_name", definition.methodName)
        map("defaults", definition.defaults) { $0.tensor($1) }
    }

    private mutating func map<Value>(
        _ key: String,
        _ values: [String: Value],
        _ write: (inout ProtobufJSON, Value) -> Void
    ) {
        object(key) { json in
            for (name, value) in values.sorted(by: { $0.key < $1.key }) { json.object(name) { write(&$0, value) } }
        }
    }

    /// Members of a oneof come behind the others, as in protobuf's printer.
    private mutating func tensorInfo(_ info: Tensorflow_TensorInfo) {
        string("dtype", Self.name(info.dtype))
        if info.hasTensorShape { object("tensor_shape") { $0.shape(info.tensorShape) } }
        switch info.encoding {
        case .name(let name): string("name", name)
        case .cooSparse(let sparse):
            object("coo_sparse") { json in
                json.string("values_tensor_name", sparse.valuesTensorName)
                json.string("indices_tensor_name", sparse.indicesTensorName)
                json.string("dense_shape_tensor_name", sparse.denseShapeTensorName)
            }
        case .compositeTensor(let composite):
            object("composite_tensor") { json in
                json.list("components") { json in
                    for component in composite.components { json.object { $0.tensorInfo(component) } }
                }
            }
        case nil: break
        }
    }

    private mutating func shape(_ shape: Tensorflow_TensorShapeProto) {
        list("dim") { json in
            for dimension in shape.dim {
                json.object { json in
                    json.string("size", String(dimension.size))
                    json.string("name", dimension.name)
                }
            }
        }
        plain("unknown_rank", "\(shape.unknownRank)")
    }

    private mutating func tensor(_ tensor: Tensorflow_TensorProto) {
        string("dtype", Self.name(tensor.dtype))
        if tensor.hasTensorShape { object("tensor_shape") { $0.shape(tensor.tensorShape) } }
        plain("version_number", "\(tensor.versionNumber)")
        string("tensor_content", Self.base64(tensor.tensorContent))
        elements("half_val", tensor.halfVal) { "\($0)" }
        elements("float_val", tensor.floatVal, Self.text)
        elements("double_val", tensor.doubleVal, Self.text)
        elements("int_val", tensor.intVal) { "\($0)" }
        elements("string_val", tensor.stringVal) { JSONText.quoted(Self.base64($0)) }
        elements("scomplex_val", tensor.scomplexVal, Self.text)
        elements("int64_val", tensor.int64Val) { "\"\($0)\"" }
        elements("bool_val", tensor.boolVal) { "\($0)" }
        elements("dcomplex_val", tensor.dcomplexVal, Self.text)
        list("resource_handle_val") { _ in }
        list("variant_val") { _ in }
        elements("uint32_val", tensor.uint32Val) { "\($0)" }
        elements("uint64_val", tensor.uint64Val) { "\"\($0)\"" }
        string("float8_val", Self.base64(tensor.float8Val))
    }

    private mutating func elements<Element>(_ key: String, _ values: [Element], _ text: (Element) -> String) {
        list(key) { json in for value in values { json.element(text(value)) } }
    }

    private static func text(_ value: Float) -> String { text { DecimalWriter.write(value, to: $0) } }

    private static func text(_ value: Double) -> String { text { DecimalWriter.write(value, to: $0) } }

    /// As in tensors, but whole numbers have no fraction and values that are no numbers are strings.
    private static func text(
        _ write: (UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
    ) -> String {
        let text = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: DecimalWriter.maximumLength) { room in
            // Capacity is above zero.
            let start = room.baseAddress!
            return String(decoding: room[..<(write(start) - start)], as: UTF8.self)
        }
        if text.hasSuffix("N") || text.hasSuffix("y") { return "\"\(text)\"" }
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func base64(_ bytes: some Sequence<UInt8>) -> String {
        Array(bytes).withUnsafeBufferPointer { String(decoding: Base64.encode($0), as: UTF8.self) }
    }

    /// The declared name (`DT_FLOAT`), the number where there is none. Only the printer of messages gives it out.
    private static func name(_ type: Tensorflow_DataType) -> String {
        let info = Tensorflow_TensorInfo.with { $0.dtype = type }
        guard type != .dtInvalid, let text = try? info.jsonString() else { return "DT_INVALID" }
        return String(text.dropFirst(#"{"dtype":"#.count).dropLast().filter { $0 != "\"" })
    }
}
