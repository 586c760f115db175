package import ServingProtos
import SwiftProtobuf
package import Tensors

/// What a TensorProto means by TensorFlow's rules, worked out from the generated message in the plainest way: the
/// measure for the decoder and the encoder.
package struct ReferenceTensor: Hashable {
    package var type: ElementType
    package var dimensions: [Int]
    /// Elements of a fixed width, little endian.
    package var bytes: [UInt8] = []
    package var strings: [[UInt8]] = []

    package init(_ tensor: Tensor) {
        type = tensor.elementType
        dimensions = tensor.shape.dimensions
        bytes = tensor.withUnsafeBytes { Array($0) }
        strings = tensor.stringValues()
    }

    package enum Failure: Error {
        case notATensor
        /// Well-formed, but larger than anybody wants to compare.
        case tooLarge
    }

    package static let sizeLimit = 1 << 22

    package init(_ message: Tensorflow_TensorProto) throws(Failure) {
        guard let type = ElementType(rawValue: Int32(truncatingIfNeeded: message.dtype.rawValue)) else {
            throw .notATensor
        }
        self.type = type
        dimensions = message.tensorShape.dim.map { Int($0.size) }
        let count = try Self.elementCount(dimensions)
        guard count > 0 else { return }
        guard count <= Self.sizeLimit else { throw .tooLarge }
        let content = Array(message.tensorContent)
        if type == .string {
            let elements = content.isEmpty ? message.stringVal.map { Array($0) } : try Self.split(content, count)
            strings = (0..<count).map { elements.isEmpty ? [] : elements[min($0, elements.count - 1)] }
        } else if content.isEmpty {
            let elements = Self.elements(message, type)
            let zero = [UInt8](repeating: 0, count: type.byteWidth ?? 1)
            for index in 0..<count { bytes += elements.isEmpty ? zero : elements[min(index, elements.count - 1)] }
        } else {
            guard content.count == count * (type.byteWidth ?? 1) else { throw .notATensor }
            bytes = content
        }
    }

    private static func elementCount(_ dimensions: [Int]) throws(Failure) -> Int {
        guard dimensions.count <= 254, dimensions.allSatisfy({ $0 >= 0 }) else { throw .notATensor }
        var product = 1
        for size in dimensions where size > 0 {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            guard !overflow else { throw .notATensor }
            product = next
        }
        return dimensions.contains(0) ? 0 : product
    }

    /// The elements that are written out in the typed field of the type.
    private static func elements(_ message: Tensorflow_TensorProto, _ type: ElementType) -> [[UInt8]] {
        switch type {
        case .float32: message.floatVal.map { bytes($0.bitPattern) }
        case .float64: message.doubleVal.map { bytes($0.bitPattern) }
        case .complex64: pairs(message.scomplexVal.map { bytes($0.bitPattern) })
        case .complex128: pairs(message.dcomplexVal.map { bytes($0.bitPattern) })
        case .int32, .qint32: message.intVal.map { bytes($0) }
        case .int16, .uint16, .qint16, .quint16: message.intVal.map { bytes(UInt16(truncatingIfNeeded: $0)) }
        case .int8, .uint8, .qint8, .quint8: message.intVal.map { bytes(UInt8(truncatingIfNeeded: $0)) }
        case .float16, .bfloat16: message.halfVal.map { bytes(UInt16(truncatingIfNeeded: $0)) }
        case .int64: message.int64Val.map { bytes($0) }
        case .uint32: message.uint32Val.map { bytes($0) }
        case .uint64: message.uint64Val.map { bytes($0) }
        case .bool: message.boolVal.map { [$0 ? 1 : 0] }
        case .float8E5M2, .float8E4M3FN: message.float8Val.map { [$0] }
        case .string: []
        }
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func pairs(_ parts: [[UInt8]]) -> [[UInt8]] {
        (0..<(parts.count / 2)).map { parts[2 * $0] + parts[2 * $0 + 1] }
    }

    /// All lengths as varints, then all bytes.
    private static func split(_ content: [UInt8], _ count: Int) throws(Failure) -> [[UInt8]] {
        var rest = content[...]
        var lengths: [Int] = []
        for _ in 0..<count {
            guard let length = ReadFields.varint(&rest) else { throw .notATensor }
            lengths.append(Int(clamping: length))
        }
        var strings: [[UInt8]] = []
        for length in lengths {
            guard length <= rest.count else { throw .notATensor }
            strings.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        guard rest.isEmpty else { throw .notATensor }
        return strings
    }
}
