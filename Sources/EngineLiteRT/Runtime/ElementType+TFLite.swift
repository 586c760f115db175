import CLiteRT
import Tensors

extension ElementType {
    /// The type of a tensor in memory (`TfLiteType`); `nil` for those that requests cannot carry.
    init?(_ type: TfLiteType) {
        guard let known = Self.types.first(where: { $0.runtime == type }) else { return nil }
        self = known.elementType
    }

    /// The type of a tensor in a model's file (`TensorType` of the schema).
    init?(schemaType: Int) {
        guard let known = Self.types.first(where: { $0.schema == schemaType }) else { return nil }
        self = known.elementType
    }

    private static let types: [(elementType: ElementType, runtime: TfLiteType, schema: Int)] = [
        (.float32, kTfLiteFloat32, 0), (.float16, kTfLiteFloat16, 1), (.int32, kTfLiteInt32, 2),
        (.uint8, kTfLiteUInt8, 3), (.int64, kTfLiteInt64, 4), (.string, kTfLiteString, 5), (.bool, kTfLiteBool, 6),
        (.int16, kTfLiteInt16, 7), (.complex64, kTfLiteComplex64, 8), (.int8, kTfLiteInt8, 9),
        (.float64, kTfLiteFloat64, 10), (.complex128, kTfLiteComplex128, 11), (.uint64, kTfLiteUInt64, 12),
        (.uint32, kTfLiteUInt32, 15), (.uint16, kTfLiteUInt16, 16), (.bfloat16, kTfLiteBFloat16, 18),
    ]
}
