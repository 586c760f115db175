/// The client's half of one connection, without I/O: bytes in, bytes out.
///
/// A class with subclasses and not a protocol, so that a call is one indirect jump.
class ProtocolClient {
    var output = OutputBuffer()
    unowned let receiver: any AnswerReceiver
    /// The peer said that it takes no more requests on this connection.
    var isFinishing = false

    init(receiver: any AnswerReceiver) { self.receiver = receiver }

    /// Requests that are sent and not answered.
    var inFlight: Int { 0 }
    /// Whether a request can be sent now.
    var canSend: Bool { false }

    /// Puts a request into the output. `canSend` must hold. Returns what `cancel` takes.
    func send(_ request: PreparedRequest, token: Int) -> UInt32 { preconditionFailure("subclasses send") }

    /// Gives a request up; its answer is not told any more. Whether the connection stays usable.
    func cancel(_ handle: UInt32) -> Bool { preconditionFailure("subclasses cancel") }

    /// Reads what came.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) { preconditionFailure("subclasses receive") }

    /// The peer closed the connection: an answer that ends with the connection is complete now.
    func peerClosed() {}

    /// Tells all requests in flight that they are answered that way.
    func failAll(_ reason: BrokenAnswer) { preconditionFailure("subclasses fail") }
}
