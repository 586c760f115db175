/// The one error type of the serving path: a canonical code and a text for the client.
///
/// Engines, the servable manager and request checks throw it; frontends map the code to their wire once and never
/// look into the text. Where TensorFlow Serving answers the same fault, the text is the one it gives.
public struct ServingError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: CanonicalCode
    public var message: String
    /// When the same request has a chance again, for errors of overload; `nil` where waiting does not help or nobody
    /// can say.
    public var retryAfterNanoseconds: UInt64?

    public init(_ code: CanonicalCode, _ message: String, retryAfterNanoseconds: UInt64? = nil) {
        self.code = code
        self.message = message
        self.retryAfterNanoseconds = retryAfterNanoseconds
    }

    public static func invalidArgument(_ message: String) -> ServingError { ServingError(.invalidArgument, message) }
    public static func notFound(_ message: String) -> ServingError { ServingError(.notFound, message) }
    public static func failedPrecondition(_ message: String) -> ServingError {
        ServingError(.failedPrecondition, message)
    }
    public static func unavailable(_ message: String) -> ServingError { ServingError(.unavailable, message) }
    public static func internalError(_ message: String) -> ServingError { ServingError(.internal, message) }
    public static func deadlineExceeded(_ message: String) -> ServingError { ServingError(.deadlineExceeded, message) }

    /// `INVALID_ARGUMENT: text`, the form logs and start-up errors use.
    public var description: String { "\(code.name): \(message)" }
}
