/// One answer as a protocol engine found it. Its body's bytes are there only until the call that tells of it returns.
package struct Answer {
    package enum Kind: Equatable {
        /// A gRPC status.
        case grpc(Int)
        case http(Int)
        /// The stream or connection ended before an answer was complete.
        case broken(BrokenAnswer)
    }

    package var kind: Kind
    package var body: UnsafeRawBufferPointer
    /// `grpc-message`, where there is one.
    package var message: String?
}

/// Why there was no answer.
public enum BrokenAnswer: String, Sendable, Hashable, CaseIterable {
    case reset = "stream reset"
    case closed = "connection closed"
    case protocolFault = "protocol error"
    case refused = "connection refused"
    case unreachable = "cannot connect"
    case tooLarge = "answer too large"
    case unanswered = "no answer"
    case expired = "deadline passed"
    case notEqual = "answer differs"
    case wrongRows = "wrong number of rows"
    case malformed = "malformed answer"
}

/// Who is told of answers.
package protocol AnswerReceiver: AnyObject {
    /// The request sent with this token is answered; it is told of once for each.
    func answered(_ token: Int, _ answer: borrowing Answer)
}

/// What the peer did against the protocol. The connection is of no more use.
package struct ProtocolFault: Error {
    package var reason: StaticString
    init(_ reason: StaticString) { self.reason = reason }
}
