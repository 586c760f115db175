/// A `tensorflow.SignatureDef` as the model's file states it. Field numbers are those of
/// tensorflow/core/protobuf/meta_graph.proto and tensorflow/core/framework/tensor_shape.proto.
package struct SignatureDefinition {
    /// A `TensorInfo`.
    package struct TensorInfo {
        /// How the tensor is found in the graph.
        package enum Encoding {
            /// The name of one tensor, `dense/BiasAdd:0`.
            case tensor(String)
            /// A sparse tensor in three parts.
            case sparse
            /// Any other composite (ragged, ...).
            case composite
        }

        package var encoding = Encoding.tensor("")
        /// A number of `tensorflow.DataType`; reference types are 100 above the plain ones.
        package var type: Int32 = 0
        /// -1 where any size goes; `nil` when even the rank is open.
        package var shape: [Int]?
    }

    package private(set) var methodName = ""
    package private(set) var inputs: [String: TensorInfo] = [:]
    package private(set) var outputs: [String: TensorInfo] = [:]
    /// Serialized `TensorProto`s by input name.
    package private(set) var defaults: [String: [UInt8]] = [:]
    /// The message as it stands.
    package let serialized: [UInt8]

    package init(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        serialized = Array(bytes)
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1:
                let (name, info) = try Self.mapEntry(bytes)
                inputs[name] = try TensorInfo(info)
            case 2:
                let (name, info) = try Self.mapEntry(bytes)
                outputs[name] = try TensorInfo(info)
            case 3: methodName = String(decoding: bytes, as: UTF8.self)
            case 4:
                let (name, tensor) = try Self.mapEntry(bytes)
                defaults[name] = Array(tensor)
            default: continue
            }
        }
    }

    /// Key and value of an entry of a protobuf map from strings to messages.
    package static func mapEntry(
        _ entry: UnsafeRawBufferPointer
    ) throws(ProtobufReader.Malformed) -> (key: String, value: UnsafeRawBufferPointer) {
        var key = ""
        var message = UnsafeRawBufferPointer(start: nil, count: 0)
        var reader = ProtobufReader(entry)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            if field == 1 { key = String(decoding: bytes, as: UTF8.self) }
            if field == 2 { message = bytes }
        }
        return (key, message)
    }
}

extension SignatureDefinition.TensorInfo {
    /// name = 1, dtype = 2, tensor_shape = 3, coo_sparse = 4, composite_tensor = 5
    fileprivate init(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let name)): encoding = .tensor(String(decoding: name, as: UTF8.self))
            case (2, .varint(let number)): type = Int32(truncatingIfNeeded: number)
            case (3, .bytes(let dimensions)): shape = try Self.shape(dimensions)
            case (4, .bytes): encoding = .sparse
            case (5, .bytes): encoding = .composite
            default: continue
            }
        }
    }

    /// dim = 2 { size = 1 }, unknown_rank = 3
    private static func shape(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> [Int]? {
        var sizes: [Int] = []
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (2, .bytes(let dimension)): sizes.append(try size(dimension))
            case (3, .varint(let unknownRank)) where unknownRank != 0: return nil
            default: continue
            }
        }
        return sizes
    }

    private static func size(_ dimension: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Int {
        var size = 0
        var reader = ProtobufReader(dimension)
        while let (field, value) = try reader.next() {
            if field == 1, case .varint(let number) = value { size = Int(Int64(bitPattern: number)) }
        }
        return size
    }
}
