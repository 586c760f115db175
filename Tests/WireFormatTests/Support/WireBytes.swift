/// Writes protobuf by hand, so that tests can write what no generated message would.
struct WireBytes {
    private(set) var bytes: [UInt8] = []

    static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7f) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    func tag(_ field: UInt64, _ type: UInt64) -> WireBytes { raw(Self.varint(field << 3 | type)) }
    func raw(_ more: [UInt8]) -> WireBytes {
        var copy = self
        copy.bytes += more
        return copy
    }
    func number(_ field: UInt64, _ value: UInt64) -> WireBytes { tag(field, 0).raw(Self.varint(value)) }
    func bytes(_ field: UInt64, _ payload: [UInt8]) -> WireBytes {
        tag(field, 2).raw(Self.varint(UInt64(payload.count))).raw(payload)
    }
    func string(_ field: UInt64, _ text: String) -> WireBytes { bytes(field, Array(text.utf8)) }
    func message(_ field: UInt64, _ make: (WireBytes) -> WireBytes) -> WireBytes {
        bytes(field, make(WireBytes()).bytes)
    }
    func fixed32(_ field: UInt64, _ value: Float) -> WireBytes {
        tag(field, 5).raw(withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) })
    }
    func fixed64(_ field: UInt64, _ value: Double) -> WireBytes {
        tag(field, 1).raw(withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) })
    }

    /// A packed field of floats.
    func floats(_ field: UInt64, _ values: [Float]) -> WireBytes {
        bytes(field, values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
    }
    /// A packed field of varints.
    func numbers(_ field: UInt64, _ values: [Int64]) -> WireBytes {
        bytes(field, values.flatMap { Self.varint(UInt64(bitPattern: $0)) })
    }

    /// `tensor_shape` (2) of a TensorProto.
    func shape(_ sizes: [Int64]) -> WireBytes {
        message(2) { sizes.reduce($0) { shape, size in shape.message(2) { $0.number(1, UInt64(bitPattern: size)) } } }
    }

    /// A PredictRequest for model `m` with one input `x`.
    static func request(_ tensor: (WireBytes) -> WireBytes) -> [UInt8] {
        WireBytes().message(1) { $0.string(1, "m") }.message(2) { $0.string(1, "x").message(2, tensor) }.bytes
    }
}
