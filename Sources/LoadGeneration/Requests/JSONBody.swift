import FrontendREST
import Inference
import ServingPrimitives
import Tensors

/// Writes inputs as the body of a REST predict request.
enum JSONBody {
    /// One input with rows as `instances`, anything else as `inputs`.
    ///
    /// - Throws: `UNIMPLEMENTED` for types that JSON has no form for.
    static func predict(_ inputs: [NamedTensor], signature: String) throws(ServingError) -> [UInt8] {
        var text = "{"
        if !signature.isEmpty { text += "\"signature_name\": \(quoted(Array(signature.utf8))), " }
        if inputs.count == 1, inputs[0].tensor.shape.rank > 0 {
            text += "\"instances\": "
            try append(inputs[0], to: &text)
        } else {
            text += "\"inputs\": {"
            for (index, input) in inputs.enumerated() {
                text += (index > 0 ? ", " : "") + quoted(Array(input.name.utf8)) + ": "
                try append(input, to: &text)
            }
            text += "}"
        }
        return Array((text + "}").utf8)
    }

    private static func append(_ input: NamedTensor, to text: inout String) throws(ServingError) {
        let elements = try elements(input)
        var next = 0
        append(elements, shape: input.tensor.shape.dimensions[...], &next, to: &text)
    }

    private static func append(
        _ elements: [String],
        shape: ArraySlice<Int>,
        _ next: inout Int,
        to text: inout String
    ) {
        guard let size = shape.first else {
            text += elements[next]
            next += 1
            return
        }
        text += "["
        for index in 0..<size {
            if index > 0 { text += ", " }
            append(elements, shape: shape.dropFirst(), &next, to: &text)
        }
        text += "]"
    }

    private static func elements(_ input: NamedTensor) throws(ServingError) -> [String] {
        let tensor = input.tensor
        switch tensor.elementType {
        case .float32: return tensor.scalars(as: Float.self).map { "\($0)" }
        case .float64: return tensor.scalars(as: Double.self).map { "\($0)" }
        case .bfloat16:
            return tensor.scalars(as: UInt16.self).map { "\(Float(bitPattern: UInt32($0) << 16))" }
        case .float16: return tensor.scalars(as: UInt16.self).map { "\(half($0))" }
        case .bool: return tensor.scalars(as: UInt8.self).map { $0 == 0 ? "false" : "true" }
        case .int8: return tensor.scalars(as: Int8.self).map(String.init)
        case .uint8: return tensor.scalars(as: UInt8.self).map { String($0) }
        case .int16: return tensor.scalars(as: Int16.self).map { String($0) }
        case .uint16: return tensor.scalars(as: UInt16.self).map { String($0) }
        case .int32: return tensor.scalars(as: Int32.self).map { String($0) }
        case .uint32: return tensor.scalars(as: UInt32.self).map { String($0) }
        case .int64: return tensor.scalars(as: Int64.self).map { String($0) }
        case .uint64: return tensor.scalars(as: UInt64.self).map { String($0) }
        case .string: return tensor.stringValues().map(string)
        case .complex64, .complex128, .qint8, .quint8, .qint16, .quint16, .qint32, .float8E5M2, .float8E4M3FN:
            throw ServingError(
                .unimplemented,
                "input \"\(input.name)\" is \(tensor.elementType.name), which REST cannot carry; use --grpc"
            )
        }
    }

    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1f)
        let mantissa = Float(bits & 0x3ff) / 1024
        switch exponent {
        case 0: return sign * mantissa * 0x1p-14
        case 31: return mantissa == 0 ? sign * .infinity : .nan
        default: return sign * (1 + mantissa) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    /// Text as such, other bytes as `{"b64": ...}`.
    private static func string(_ bytes: [UInt8]) -> String {
        String(validating: bytes, as: UTF8.self) == nil ? "{\"b64\": \"\(base64(bytes))\"}" : quoted(bytes)
    }

    private static func quoted(_ bytes: [UInt8]) -> String {
        JSONDocument.string(String(decoding: bytes, as: UTF8.self)).text
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.withUnsafeBufferPointer { Base64.encode($0) }, as: UTF8.self)
    }
}
