/// What the elements of a tensor are. Raw values are the numbers of TensorFlow's `DataType`
/// (`tensorflow/core/framework/types.proto`), which every wire and file format we speak uses.
///
/// Resource handles and variants are missing on purpose: they mean nothing outside the process that made them.
public enum ElementType: Int32, Sendable, Hashable, CaseIterable {
    case float32 = 1
    case float64 = 2
    case int32 = 3
    case uint8 = 4
    case int16 = 5
    case int8 = 6
    case string = 7
    case complex64 = 8
    case int64 = 9
    case bool = 10
    case qint8 = 11
    case quint8 = 12
    case qint32 = 13
    case bfloat16 = 14
    case qint16 = 15
    case quint16 = 16
    case uint16 = 17
    case complex128 = 18
    case float16 = 19
    case uint32 = 22
    case uint64 = 23
    case float8E5M2 = 24
    case float8E4M3FN = 25

    /// Bytes of one element; `nil` for strings, whose elements have lengths of their own.
    @inlinable
    public var byteWidth: Int? {
        switch self {
        case .int8, .uint8, .bool, .qint8, .quint8, .float8E5M2, .float8E4M3FN: 1
        case .int16, .uint16, .float16, .bfloat16, .qint16, .quint16: 2
        case .float32, .int32, .uint32, .qint32: 4
        case .float64, .int64, .uint64, .complex64: 8
        case .complex128: 16
        case .string: nil
        }
    }

    /// The name TensorFlow prints (`float`, `half`, `int64`); error texts use it.
    public var name: String {
        switch self {
        case .float32: "float"
        case .float64: "double"
        case .int32: "int32"
        case .uint8: "uint8"
        case .int16: "int16"
        case .int8: "int8"
        case .string: "string"
        case .complex64: "complex64"
        case .int64: "int64"
        case .bool: "bool"
        case .qint8: "qint8"
        case .quint8: "quint8"
        case .qint32: "qint32"
        case .bfloat16: "bfloat16"
        case .qint16: "qint16"
        case .quint16: "quint16"
        case .uint16: "uint16"
        case .complex128: "complex128"
        case .float16: "half"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .float8E5M2: "float8_e5m2"
        case .float8E4M3FN: "float8_e4m3fn"
        }
    }
}
