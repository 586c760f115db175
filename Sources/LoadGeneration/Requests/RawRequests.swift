public import HTTPClient
public import ServingPrimitives

/// Requests whose bytes are given.
public enum RawRequests {
    /// - Parameter body: a message, with or without the five bytes before it.
    public static func grpc(
        method: String,
        body: [UInt8],
        to address: ServerAddress,
        _ fields: RequestFields
    ) -> PreparedRequest {
        isFramed(body)
            ? .grpc(path: method, framed: body, to: address, fields)
            : .grpc(path: method, message: body, to: address, fields)
    }

    public static func http1(
        _ url: HTTPURL,
        body: [UInt8],
        contentType: String,
        _ fields: RequestFields
    ) -> PreparedRequest {
        .http1(path: url.path, body: body, contentType: contentType, to: url.address, fields)
    }

    private static func isFramed(_ body: [UInt8]) -> Bool {
        guard body.count >= 5, body[0] <= 1 else { return false }
        let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        return length == body.count - 5
    }
}

/// `http://HOST[:PORT]/PATH`.
public struct HTTPURL: Sendable {
    public let address: ServerAddress
    public let path: String

    /// - Throws: `INVALID_ARGUMENT` when it is none; `NOT_FOUND` when the host does not resolve.
    public init(_ text: String) throws(ServingError) {
        guard text.hasPrefix("http://") else {
            throw .invalidArgument("\"\(text)\" is no URL that can be loaded; expected http://HOST:PORT/PATH")
        }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest.dropFirst(authority.count)
        guard !authority.isEmpty else {
            throw .invalidArgument("\"\(text)\" names no host; expected http://HOST:PORT/PATH")
        }
        path = tail.hasPrefix("/") ? String(tail) : "/" + tail
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .invalidArgument("the path of \"\(text)\" has characters that must be percent-coded")
        }
        let hasPort = authority.last != "]" && authority.contains(":")
        address = try ServerAddress(hasPort ? String(authority) : "\(authority):80")
    }
}
