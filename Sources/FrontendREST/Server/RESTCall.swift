import EventLoopSupport
import NIOCore
import ServingPrimitives

/// A request on its way to its answer: where the answer goes.
struct RESTCall: Sendable {
    let handler: RESTConnectionHandler
    /// Which of the connection's requests it is.
    let number: Int
    let loop: RESTLoop

    /// Gives the answer, from any thread. `response` is made on the connection's event loop.
    func finish(_ response: @escaping @Sendable () -> HTTPResponse) {
        if loop.eventLoop.inEventLoop {
            handler.finish(number, response())
        } else {
            loop.mailbox.post { handler.finish(number, response()) }
        }
    }

    /// Answers with what went wrong.
    func fail(_ error: ServingError) { finish { loop.response(to: error) } }
}
