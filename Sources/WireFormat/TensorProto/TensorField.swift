import Tensors

/// Field numbers of `tensorflow.TensorProto`.
enum TensorField {
    static let dtype: UInt32 = 1
    static let shape: UInt32 = 2
    static let content: UInt32 = 4
    static let float: UInt32 = 5
    static let double: UInt32 = 6
    static let int: UInt32 = 7
    static let string: UInt32 = 8
    static let complex64: UInt32 = 9
    static let int64: UInt32 = 10
    static let bool: UInt32 = 11
    static let complex128: UInt32 = 12
    static let half: UInt32 = 13
    static let uint32: UInt32 = 16
    static let uint64: UInt32 = 17
    static let float8: UInt32 = 18

    /// The typed field that holds elements of `type`.
    static func values(of type: ElementType) -> UInt32 {
        switch type {
        case .float32: float
        case .float64: double
        case .int32, .int16, .int8, .uint16, .uint8, .qint8, .quint8, .qint16, .quint16, .qint32: int
        case .string: string
        case .complex64: complex64
        case .int64: int64
        case .bool: bool
        case .complex128: complex128
        case .float16, .bfloat16: half
        case .uint32: uint32
        case .uint64: uint64
        case .float8E5M2, .float8E4M3FN: float8
        }
    }
}
