import Inference
import ServingPrimitives
import SwiftProtobuf
import WireFormat

/// Received bytes, at an address of their own, as a frontend holds them.
final class ReceivedMessage {
    let bytes: UnsafeMutableRawBufferPointer
    private let block: UnsafeMutableRawBufferPointer

    /// - Parameter misalignment: how far past a 16-byte boundary the message starts.
    init(_ message: [UInt8], misalignment: Int = 0) {
        block = .allocate(byteCount: message.count + misalignment, alignment: 16)
        bytes = UnsafeMutableRawBufferPointer(rebasing: block[misalignment...])
        bytes.copyBytes(from: message)
    }

    convenience init(_ message: some SwiftProtobuf.Message) throws { self.init(try message.serializedBytes()) }

    deinit { block.deallocate() }

    func decode() throws(ServingError) -> PredictCall {
        try PredictRequestDecoder.decode(UnsafeRawBufferPointer(bytes), owner: self)
    }

    func contains(_ other: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, let start = other.baseAddress else { return false }
        return start >= UnsafeRawPointer(base) && start + other.count <= UnsafeRawPointer(base) + bytes.count
    }
}

func decode(_ message: [UInt8]) throws(ServingError) -> PredictCall { try ReceivedMessage(message).decode() }
