public import Inference
public import ServingPrimitives

/// Writes `tensorflow.serving.PredictRequest`, as a client sends it.
public struct PredictRequestEncoder {
    /// Size of the serialized message.
    public let byteCount: Int
    private let call: PredictCall
    private let tensors: [TensorProtoEncoder]

    /// - Parameter encoding: `.content` is the quicker one on both sides.
    public init(_ call: PredictCall, encoding: TensorEncoding) {
        self.call = call
        tensors = call.inputs.map { TensorProtoEncoder($0.tensor, encoding) }
        var size = WireSize.field(1, length: call.model.wireByteCount)
        for (input, tensor) in zip(call.inputs, tensors) {
            size += WireSize.field(2, length: Self.entryByteCount(input.name, tensor))
        }
        for name in call.outputFilter { size += WireSize.field(3, length: name.utf8.count) }
        byteCount = size
    }

    /// gRPC's five bytes that say that a message is not compressed, and how long it is.
    private static let prefixLength = 5

    /// Size of the message as gRPC sends it.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` when the request is larger than a protobuf message can be.
    public func framedByteCount() throws(ServingError) -> Int {
        guard byteCount <= WireSize.maximumMessage else {
            throw ServingError(
                .resourceExhausted,
                "The request has \(byteCount) bytes; a message can have at most \(WireSize.maximumMessage)"
            )
        }
        return Self.prefixLength + byteCount
    }

    /// Writes the message as gRPC sends it, straight from the tensors' memory.
    ///
    /// - Parameter memory: of `framedByteCount` bytes.
    public func writeFramed(into memory: UnsafeMutableRawBufferPointer) {
        precondition(memory.count == Self.prefixLength + byteCount, "the memory has not the size of the message")
        memory[0] = 0
        memory.storeBytes(of: UInt32(byteCount).bigEndian, toByteOffset: 1, as: UInt32.self)
        var writer = WireWriter(UnsafeMutableRawBufferPointer(rebasing: memory[Self.prefixLength...]))
        write(to: &writer)
        precondition(writer.remaining == 0, "a message shrank after its size was worked out")
    }

    /// The message as gRPC sends it.
    ///
    /// - Throws: as `framedByteCount`.
    public func framed() throws(ServingError) -> [UInt8] {
        let size = try framedByteCount()
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            writeFramed(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<size]))
            count = size
        }
    }

    func write(to writer: inout WireWriter) {
        writer.header(1, length: call.model.wireByteCount)
        call.model.write(to: &writer)
        for (input, tensor) in zip(call.inputs, tensors) {
            writer.header(2, length: Self.entryByteCount(input.name, tensor))
            writer.string(1, input.name)
            writer.header(2, length: tensor.byteCount)
            tensor.write(input.tensor, to: &writer)
        }
        for name in call.outputFilter {
            writer.header(3, length: name.utf8.count)
            writer.bytes(Array(name.utf8))
        }
    }

    /// An entry of the map `inputs`: key (1) and value (2).
    private static func entryByteCount(_ name: String, _ tensor: TensorProtoEncoder) -> Int {
        WireSize.string(1, name) + WireSize.field(2, length: tensor.byteCount)
    }
}
