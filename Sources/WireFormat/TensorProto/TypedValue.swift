/// One occurrence of a typed field of a TensorProto (`float_val`, `int_val`, ...): checked, not decoded.
///
/// All numeric ones may come packed, one by one, or mixed; readers must take each form, whatever the field declares.
struct TypedValue {
    enum Payload {
        /// Fixed-width values, densely.
        case packed(UnsafeRawBufferPointer)
        /// A well-formed run of varints.
        case packedVarints(PackedVarints)
        case single(UInt64)
        case string(UnsafeRawBufferPointer)
    }

    let field: UInt32
    let payload: Payload

    /// Reads the field that `tag` began; `nil` when it is none of the typed fields, with nothing read.
    @inline(__always)
    init?(_ tag: WireTag, _ reader: inout WireReader) throws(WireError) {
        field = tag.field
        switch tag {
        case .bytes(TensorField.float), .bytes(TensorField.complex64):
            payload = .packed(try reader.packedPayload(width: 4))
        case .bytes(TensorField.double), .bytes(TensorField.complex128):
            payload = .packed(try reader.packedPayload(width: 8))
        case .bytes(TensorField.string):
            payload = .string(try reader.payload())
        case .bytes(TensorField.int), .bytes(TensorField.int64), .bytes(TensorField.bool), .bytes(TensorField.half),
            .bytes(TensorField.uint32), .bytes(TensorField.uint64):
            let start = reader.position
            guard let run = PackedVarints(try reader.payload()) else { throw WireError(.packedVarints, at: start) }
            payload = .packedVarints(run)
        case .fixed32(TensorField.float), .fixed32(TensorField.complex64):
            payload = .packed(try reader.fixed(4))
        case .fixed64(TensorField.double), .fixed64(TensorField.complex128):
            payload = .packed(try reader.fixed(8))
        case .varint(TensorField.int), .varint(TensorField.int64), .varint(TensorField.bool),
            .varint(TensorField.half), .varint(TensorField.uint32), .varint(TensorField.uint64):
            payload = .single(try reader.varint())
        default:
            return nil
        }
    }

    /// A packed field without values, which is as good as absent.
    var isEmpty: Bool {
        switch payload {
        case .packed(let bytes): bytes.isEmpty
        case .packedVarints(let run): run.count == 0
        case .single, .string: false
        }
    }

    var isString: Bool { field == TensorField.string }
}
