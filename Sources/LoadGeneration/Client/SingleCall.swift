import CEpoll
import Glibc
import HTTPClient
import ServingPrimitives

/// One call on a connection of its own, for what a run has to know before: metadata, metric pages, a first answer.
final class SingleCall: AnswerReceiver {
    struct Reply {
        var kind: Answer.Kind
        var body: [UInt8]
        var message: String?
    }

    private var reply: Reply?

    func answered(_ token: Int, _ answer: borrowing Answer) {
        reply = Reply(kind: answer.kind, body: Array(answer.body), message: answer.message)
    }

    /// - Throws: `UNAVAILABLE` when nobody answers within the time.
    static func perform(
        _ request: PreparedRequest,
        to address: ServerAddress,
        _ wire: LoadTarget.Wire,
        seconds: Double = 30
    ) throws(ServingError) -> Reply {
        let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        defer { close(epoll) }
        let call = SingleCall()
        let connection = ClientConnection(key: 0, address: address, epoll: epoll) {
            wire == .http1 ? HTTP1Client(receiver: call) : HTTP2Client(receiver: call)
        }
        defer { connection.close() }
        let end = MonotonicTime.now().advanced(byNanoseconds: UInt64(seconds * 1e9))
        if let reason = connection.connect() { throw failure(address, reason.rawValue) }
        var isSent = false
        return try withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 4) { events in
            Result { () throws(ServingError) in
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
                defer { buffer.deallocate() }
                while true {
                    if let reply = call.reply { return try checked(reply, address) }
                    let rest = end.nanoseconds(since: .now())
                    guard rest > 0 else { throw failure(address, "no answer within \(seconds) seconds") }
                    let count = epoll_wait(epoll, events.baseAddress, 4, CInt(min(rest / 1_000_000 + 1, 1000)))
                    if count > 0,
                        case .ended(let reason) = connection.handle(cepoll_events(events.baseAddress, 0), buffer),
                        call.reply == nil
                    {
                        throw failure(address, reason.rawValue)
                    }
                    if !isSent, connection.canSend {
                        _ = connection.client.send(request, token: 0)
                        isSent = true
                    }
                    _ = connection.flush()
                }
            }
        }.get()
    }

    private static func checked(_ reply: Reply, _ address: ServerAddress) throws(ServingError) -> Reply {
        guard case .broken(let reason) = reply.kind else { return reply }
        throw failure(address, reason.rawValue)
    }

    private static func failure(_ address: ServerAddress, _ text: String) -> ServingError {
        ServingError(.unavailable, "\(address.text): \(text)")
    }
}

extension SingleCall.Reply {
    /// The error that an answer other than OK is.
    func refusal(_ address: ServerAddress) -> ServingError {
        let (label, code): (String, CanonicalCode) =
            switch kind {
            case .grpc(let status):
                (Outcome.grpc(status).label, CanonicalCode(rawValue: Int32(clamping: status)) ?? .unknown)
            case .http(let status): (Outcome.http(status).label, .unknown)
            case .broken(let reason): (reason.rawValue, .unavailable)
            }
        let text = message ?? String(decoding: body.prefix(500), as: UTF8.self)
        return ServingError(code, "\(address.text) answers \(label): \(text)")
    }
}
