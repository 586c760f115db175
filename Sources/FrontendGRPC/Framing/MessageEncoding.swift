package import ServingPrimitives

/// How a request's message may be compressed (`grpc-encoding`).
package enum MessageEncoding: Sendable, Hashable {
    case identity
    case gzip
    /// The zlib format of RFC 1950, as HTTP's `deflate` means it.
    case deflate

    /// Value of `grpc-accept-encoding`: what requests may use.
    package static let accepted = "identity, deflate, gzip"

    /// - Throws: `UNIMPLEMENTED` for a compression that the server does not know.
    package init(headerValue: String) throws(ServingError) {
        switch headerValue {
        case "identity": self = .identity
        case "gzip": self = .gzip
        case "deflate": self = .deflate
        default:
            throw ServingError(
                .unimplemented,
                "Error parsing 'grpc-encoding' metadata: \"\(headerValue)\" is not supported; expected one of: "
                    + Self.accepted
            )
        }
    }
}
