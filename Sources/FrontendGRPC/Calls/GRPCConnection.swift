import AccessControl
import HTTP2Server
import NIOCore
import ServingPrimitives
import Telemetry
import WireFormat

/// The gRPC side of one HTTP/2 connection: makes a call of each stream.
final class GRPCConnection: HTTP2RequestHandler {
    let loop: GRPCEventLoop
    let services: GRPCServices
    /// Who is at the other end, for logs.
    let peer: String
    /// The client's address alone, for those who tell of calls.
    let address: String
    /// Kept by the event loop: whether it is going to flush this connection.
    var isFlushPending = false
    /// Calls that may wait for ever: health watches, and reloads whose models do not come.
    private var watches: [ObjectIdentifier: GRPCCall] = [:]
    private var isDraining = false

    init(loop: GRPCEventLoop, services: GRPCServices, peer: String = "", address: String = "") {
        self.loop = loop
        self.services = services
        self.peer = peer
        self.address = address
    }

    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
        do throws(GRPCRefusal) {
            let head = try GRPCRequestHead(head)
            guard services.has(head.method) else { throw .status(GRPCMethod.notFound(head.method.rawValue)) }
            let caller = try admit(head)
            let call = GRPCCall(head, caller: caller, stream: stream, connection: self)
            stream.context = call
            call.start()
            return HTTP2BodyPlan(
                maximumByteCount: GRPCFraming.prefixByteCount + services.maximumRequestByteCount
            )
        } catch {
            refuse(stream, error)
            return HTTP2BodyPlan(maximumByteCount: 0)
        }
    }

    /// Who calls; `nil` where nobody is asked.
    private func admit(_ head: GRPCRequestHead) throws(GRPCRefusal) -> AccessCaller? {
        guard !services.access.isOpen, let verb = head.method.verb else { return nil }
        do throws(ServingError) {
            let caller = try services.access.admit(verb, key: head.key, peer: peer)
            if head.method.isAboutAllModels { try services.access.checkReachesAllModels(caller, verb, peer: peer) }
            return caller
        } catch {
            throw .status(error)
        }
    }

    private func refuse(_ stream: HTTP2ServerStream, _ refusal: GRPCRefusal) {
        var record = loop.telemetry.begin(.unknown, at: loop.now())
        record.peer = address
        switch refusal {
        case .notGRPC(let status, let text):
            record.code = .invalidArgument
            record.httpStatus = UInt16(clamping: status)
            record.error = text
            stream.sendHTTPError(status: status, text)
        case .status(let error):
            record.code = error.code
            record.error = error.message
            stream.sendGRPCError(error)
        }
        loop.telemetry.end(&record)
    }

    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
        (stream.context as? GRPCCall)?.bodyLayout(prefix: prefix)
    }

    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) {
        (stream.context as? GRPCCall)?.receive(body)
    }

    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) {
        (stream.context as? GRPCCall)?.refuseBody(reason)
    }

    func streamCancelled(_ stream: HTTP2ServerStream) { (stream.context as? GRPCCall)?.cancel() }

    /// A client whose time is up gives its call up. In an overload these are many.
    func excusesReset(of stream: HTTP2ServerStream) -> Bool {
        (stream.context as? GRPCCall)?.isNearItsDeadline ?? false
    }

    /// Ends calls that would never end by themselves.
    func beginDraining() {
        isDraining = true
        for call in watches.values {
            call.endWatch()
            call.flush()
        }
    }

    /// Registers a call that may wait for ever; ends it at once when the connection drains.
    func addWatch(_ call: GRPCCall) {
        watches[ObjectIdentifier(call)] = call
        if isDraining { call.endWatch() }
    }

    func removeWatch(_ call: GRPCCall) { watches.removeValue(forKey: ObjectIdentifier(call)) }
}
