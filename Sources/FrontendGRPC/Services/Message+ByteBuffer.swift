import NIOCore
import ServingPrimitives
import SwiftProtobuf

/// Generated messages to and from the bytes of a call. For rare calls only: Predict has a decoder of its own.
extension Message {
    /// - Throws: `INVALID_ARGUMENT` when the bytes are not such a message.
    init(reading buffer: ByteBuffer) throws(ServingError) {
        do {
            try self.init(serializedBytes: Array(buffer.readableBytesView))
        } catch {
            throw .invalidArgument(
                "The request's \(buffer.readableBytes) bytes are not a \(Self.protoMessageName): \(error)"
            )
        }
    }

    func encoded() throws(ServingError) -> [UInt8] {
        do {
            return try serializedBytes()
        } catch {
            throw .internalError("cannot serialize a \(Self.protoMessageName): \(error)")
        }
    }
}
