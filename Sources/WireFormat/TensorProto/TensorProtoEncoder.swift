import Tensors

/// Writes one tensor as `tensorflow.TensorProto`: dtype, shape, and every element.
struct TensorProtoEncoder {
    /// Size of the serialized message.
    let byteCount: Int
    /// Bytes of the field that holds the elements, without its tag and length; 0 when there is none. Not used for
    /// `string_val`, which is a field for each element.
    private let payloadByteCount: Int
    private let encoding: TensorEncoding

    init(_ tensor: Tensor, _ encoding: TensorEncoding) {
        self.encoding = encoding
        let type = tensor.elementType
        var size = WireSize.number(TensorField.dtype, UInt64(type.rawValue))
        size += WireSize.field(TensorField.shape, length: Self.shapeByteCount(tensor.shape))
        if type == .string, encoding == .typedFields {
            payloadByteCount = 0
            size += tensor.withStrings { $0.reduce(0) { $0 + WireSize.field(TensorField.string, length: $1.count) } }
        } else {
            payloadByteCount = Self.payloadByteCount(tensor, encoding)
            if payloadByteCount > 0 { size += WireSize.field(Self.field(type, encoding), length: payloadByteCount) }
        }
        byteCount = size
    }

    private static func field(_ type: ElementType, _ encoding: TensorEncoding) -> UInt32 {
        encoding == .content ? TensorField.content : TensorField.values(of: type)
    }

    func write(_ tensor: Tensor, to writer: inout WireWriter) {
        writer.number(TensorField.dtype, UInt64(tensor.elementType.rawValue))
        Self.writeShape(tensor.shape, to: &writer)
        if tensor.elementType == .string, encoding == .typedFields {
            tensor.withStrings { Self.writeStrings($0, to: &writer) }
        } else if payloadByteCount > 0 {
            writer.header(Self.field(tensor.elementType, encoding), length: payloadByteCount)
            writePayload(tensor, to: &writer)
        }
    }
}

// MARK: - Shape

extension TensorProtoEncoder {
    /// A dimension of size 0 is an empty message, as proto3 leaves zeros out.
    private static func shapeByteCount(_ shape: TensorShape) -> Int {
        var size = 0
        for index in 0..<shape.rank {
            size += WireSize.field(2, length: WireSize.number(1, UInt64(shape[index])))
        }
        return size
    }

    private static func writeShape(_ shape: TensorShape, to writer: inout WireWriter) {
        writer.header(TensorField.shape, length: shapeByteCount(shape))
        for index in 0..<shape.rank {
            writer.header(2, length: WireSize.number(1, UInt64(shape[index])))
            writer.number(1, UInt64(shape[index]))
        }
    }
}

// MARK: - Elements

extension TensorProtoEncoder {
    private static func payloadByteCount(_ tensor: Tensor, _ encoding: TensorEncoding) -> Int {
        guard tensor.elementType != .string else {
            return tensor.withStrings { $0.reduce(0) { $0 + WireSize.varint(UInt64($1.count)) + $1.count } }
        }
        guard encoding == .typedFields else { return tensor.byteCount }
        return tensor.withUnsafeBytes { bytes in
            switch tensor.elementType {
            case .float32, .float64, .complex64, .complex128, .float8E5M2, .float8E4M3FN: bytes.count
            // One byte for each, whatever it holds: see `writePayload`.
            case .bool: bytes.count
            case .int8, .qint8: varintByteCount(bytes, Int8.self)
            case .uint8, .quint8: varintByteCount(bytes, UInt8.self)
            case .int16, .qint16: varintByteCount(bytes, Int16.self)
            case .uint16, .quint16, .float16, .bfloat16: varintByteCount(bytes, UInt16.self)
            case .int32, .qint32: varintByteCount(bytes, Int32.self)
            case .uint32: varintByteCount(bytes, UInt32.self)
            case .int64: varintByteCount(bytes, Int64.self)
            case .uint64: varintByteCount(bytes, UInt64.self)
            case .string: 0
            }
        }
    }

    private func writePayload(_ tensor: Tensor, to writer: inout WireWriter) {
        guard tensor.elementType != .string else {
            tensor.withStrings { Self.writeContent($0, to: &writer) }
            return
        }
        tensor.withUnsafeBytes { bytes in
            guard encoding == .typedFields else { return writer.bytes(bytes) }
            switch tensor.elementType {
            case .float32, .float64, .complex64, .complex128, .float8E5M2, .float8E4M3FN: writer.bytes(bytes)
            case .bool: for byte in bytes { writer.varint(byte == 0 ? 0 : 1) }
            case .int8, .qint8: Self.writeVarints(bytes, Int8.self, &writer)
            case .uint8, .quint8: Self.writeVarints(bytes, UInt8.self, &writer)
            case .int16, .qint16: Self.writeVarints(bytes, Int16.self, &writer)
            case .uint16, .quint16, .float16, .bfloat16: Self.writeVarints(bytes, UInt16.self, &writer)
            case .int32, .qint32: Self.writeVarints(bytes, Int32.self, &writer)
            case .uint32: Self.writeVarints(bytes, UInt32.self, &writer)
            case .int64: Self.writeVarints(bytes, Int64.self, &writer)
            case .uint64: Self.writeVarints(bytes, UInt64.self, &writer)
            case .string: break
            }
        }
    }

    /// Negative numbers are sign-extended to 64 bits, whatever their width: 10 bytes.
    @inline(__always)
    private static func varintByteCount<Element: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer,
        _: Element.Type
    ) -> Int {
        var size = 0
        for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Element>.stride) {
            let element = bytes.loadUnaligned(fromByteOffset: offset, as: Element.self)
            size &+= WireSize.varint(UInt64(truncatingIfNeeded: element))
        }
        return size
    }

    @inline(__always)
    private static func writeVarints<Element: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer,
        _: Element.Type,
        _ writer: inout WireWriter
    ) {
        for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Element>.stride) {
            let element = bytes.loadUnaligned(fromByteOffset: offset, as: Element.self)
            writer.varint(UInt64(truncatingIfNeeded: element))
        }
    }

    private static func writeStrings(_ strings: UnsafeBufferPointer<StringElement>, to writer: inout WireWriter) {
        for string in strings {
            writer.header(TensorField.string, length: string.count)
            writer.bytes(UnsafeRawBufferPointer(string.bytes))
        }
    }

    /// Strings in `tensor_content`: the lengths of all as varints, then the bytes of all.
    private static func writeContent(_ strings: UnsafeBufferPointer<StringElement>, to writer: inout WireWriter) {
        for string in strings { writer.varint(UInt64(string.count)) }
        for string in strings { writer.bytes(UnsafeRawBufferPointer(string.bytes)) }
    }
}
