import ServingPrimitives

/// A response's status code.
package struct HTTPStatus: Hashable {
    var code: Int
    var reason: StaticString

    init(_ code: Int, _ reason: StaticString) {
        self.code = code
        self.reason = reason
    }

    package static func == (a: HTTPStatus, b: HTTPStatus) -> Bool { a.code == b.code }

    package func hash(into hasher: inout Hasher) { hasher.combine(code) }

    static let ok = HTTPStatus(200, "OK")
    static let created = HTTPStatus(201, "Created")
    static let badRequest = HTTPStatus(400, "Bad Request")
    static let notFound = HTTPStatus(404, "Not Found")
    static let requestTimeout = HTTPStatus(408, "Request Timeout")
    static let contentTooLarge = HTTPStatus(413, "Content Too Large")
    static let uriTooLong = HTTPStatus(414, "URI Too Long")
    static let expectationFailed = HTTPStatus(417, "Expectation Failed")
    static let headerFieldsTooLarge = HTTPStatus(431, "Request Header Fields Too Large")
    static let notImplemented = HTTPStatus(501, "Not Implemented")
    static let serviceUnavailable = HTTPStatus(503, "Service Unavailable")
    static let versionNotSupported = HTTPStatus(505, "HTTP Version Not Supported")

    /// The status that TensorFlow Serving answers a canonical code with.
    init(_ code: CanonicalCode) {
        self =
            switch code {
            case .ok: .ok
            case .invalidArgument, .failedPrecondition, .outOfRange: .badRequest
            case .unauthenticated: HTTPStatus(401, "Unauthorized")
            case .permissionDenied: HTTPStatus(403, "Forbidden")
            case .notFound: .notFound
            case .alreadyExists, .aborted: HTTPStatus(409, "Conflict")
            case .resourceExhausted: HTTPStatus(429, "Too Many Requests")
            case .cancelled: HTTPStatus(499, "Client Closed Request")
            case .unknown, .internal, .dataLoss: HTTPStatus(500, "Internal Server Error")
            case .unimplemented: .notImplemented
            case .unavailable: .serviceUnavailable
            case .deadlineExceeded: HTTPStatus(504, "Gateway Timeout")
            }
    }
}

extension HTTPStatus {
    /// What a refusal of the connection itself is counted as.
    var nearestCode: CanonicalCode {
        switch code {
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 408: .deadlineExceeded
        case 413, 429, 431: .resourceExhausted
        case 501, 505: .unimplemented
        case 503: .unavailable
        default: .invalidArgument
        }
    }
}
