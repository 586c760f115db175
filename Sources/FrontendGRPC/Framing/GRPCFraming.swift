package import ServingPrimitives

/// gRPC's message framing: each message in a body has a prefix of a compression flag and a length of four bytes, most
/// significant first.
package enum GRPCFraming {
    package static let prefixByteCount = 5

    /// The prefix of a message.
    package struct Prefix: Hashable {
        /// 0 for a plain message, 1 for a compressed one; nothing else is allowed.
        package var flag: UInt8
        package var messageByteCount: Int

        package var isCompressed: Bool { flag == 1 }

        /// Reads the first five bytes; `nil` when there are fewer.
        package init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= GRPCFraming.prefixByteCount else { return nil }
            flag = bytes[0]
            messageByteCount = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        }
    }

    /// Checks that a whole request body is one message, as unary and server-streaming calls have it, and reads its prefix.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` for a message above `maximumByteCount`, `UNIMPLEMENTED` for more than one message,
    ///   `INTERNAL` for a body that is not one complete message.
    package static func soleMessagePrefix(
        of body: UnsafeRawBufferPointer,
        maximumByteCount: Int
    ) throws(ServingError) -> Prefix {
        guard let prefix = Prefix(body) else {
            throw .internalError(
                "Expected one request message with a prefix of \(prefixByteCount) bytes, but the request body has "
                    + "\(body.count) bytes"
            )
        }
        let available = body.count - prefixByteCount
        guard prefix.messageByteCount <= maximumByteCount else {
            throw tooLarge(prefix.messageByteCount, limit: maximumByteCount)
        }
        guard prefix.flag <= 1 else {
            throw .internalError("Expected a compression flag of 0 or 1 before the request message, got \(prefix.flag)")
        }
        guard available >= prefix.messageByteCount else {
            throw .internalError(
                "Truncated request message: its prefix states \(prefix.messageByteCount) bytes, but only \(available) "
                    + "bytes came"
            )
        }
        guard available == prefix.messageByteCount else {
            throw ServingError(
                .unimplemented,
                "Expected exactly one request message of \(prefix.messageByteCount) bytes, but "
                    + "\(available - prefix.messageByteCount) more bytes came"
            )
        }
        return prefix
    }

    /// The answer to a message that is too large, with gRPC core's text. `byteCount` is `nil` when it is not known.
    package static func tooLarge(_ byteCount: Int?, limit: Int) -> ServingError {
        let size = byteCount.map { "\($0) vs. " } ?? "limit "
        return ServingError(.resourceExhausted, "SERVER: Received message larger than max (\(size)\(limit))")
    }

    /// Writes the prefix of an uncompressed message. `target` has at least five bytes, `byteCount` fits in 32 bits.
    package static func writePrefix(messageByteCount: Int, into target: UnsafeMutableRawBufferPointer) {
        target[0] = 0
        target.storeBytes(of: UInt32(messageByteCount).bigEndian, toByteOffset: 1, as: UInt32.self)
    }
}
