import FrontendGRPC
import NIOCore
import ServingPrimitives

/// What fuzz-grpc does with an input, and the tests with its corpus: everything gRPC reads from a request before its
/// message is decoded.
package enum GRPCExercise {
    private static let largestMessage = 1 << 16

    /// Takes the first byte as the encoding and the rest as a request body, a timeout and a status text.
    package static func run(_ input: UnsafeRawBufferPointer) {
        guard let selector = input.first else { return }
        let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        let encodings = [MessageEncoding.identity, .gzip, .deflate]
        readBody(rest, encodings[Int(selector) % encodings.count])
        let text = String(decoding: rest.prefix(4096), as: UTF8.self)
        _ = try? GRPCTimeout.nanoseconds(text)
        writeStatus(text)
    }

    private static func readBody(_ body: UnsafeRawBufferPointer, _ encoding: MessageEncoding) {
        guard let prefix = try? GRPCFraming.soleMessagePrefix(of: body, maximumByteCount: largestMessage) else {
            return
        }
        precondition(prefix.messageByteCount == body.count - GRPCFraming.prefixByteCount, "a body of another length")
        let message = UnsafeRawBufferPointer(rebasing: body.dropFirst(GRPCFraming.prefixByteCount))
        let inflated = try? MessageDecompressor.decompress(
            message,
            encoding: encoding,
            maximumByteCount: largestMessage
        )
        precondition((inflated?.readableBytes ?? 0) <= largestMessage, "more than the limit came out")
    }

    private static func writeStatus(_ text: String) {
        let value = GRPCStatusMessage.headerValue(text)
        precondition(value.utf8.allSatisfy { 0x20...0x7E ~= $0 }, "a header value with other bytes than print")
        let limit = 3 * GRPCStatusMessage.maximumByteCount + GRPCStatusMessage.truncationMark.utf8.count
        precondition(value.utf8.count <= limit, "a header value above the limit")
    }
}
