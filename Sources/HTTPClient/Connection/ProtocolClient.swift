/// The client's half of one connection, without I/O: bytes in, bytes out.
///
/// A class with subclasses and not a protocol, so that a call is one indirect jump.
package class ProtocolClient {
    package var output = OutputBuffer()
    unowned let receiver: any AnswerReceiver
    /// The peer said that it takes no more requests on this connection.
    package var isFinishing = false

    package init(receiver: any AnswerReceiver) { self.receiver = receiver }

    /// Requests that are sent and not answered.
    package var inFlight: Int { 0 }
    /// Whether a request can be sent now.
    package var canSend: Bool { false }

    /// Puts a request into the output. `canSend` must hold. Returns what `cancel` takes.
    package func send(_ request: PreparedRequest, token: Int) -> UInt32 { preconditionFailure("subclasses send") }

    /// Gives a request up; its answer is not told any more. Whether the connection stays usable.
    package func cancel(_ handle: UInt32) -> Bool { preconditionFailure("subclasses cancel") }

    /// Reads what came.
    package func receive(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        preconditionFailure("subclasses receive")
    }

    /// The peer closed the connection: an answer that ends with the connection is complete now.
    package func peerClosed() {}

    /// Tells all requests in flight that they are answered that way.
    package func failAll(_ reason: BrokenAnswer) { preconditionFailure("subclasses fail") }
}
