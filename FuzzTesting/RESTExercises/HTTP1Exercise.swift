import FrontendREST
import NIOCore

/// Feeds an HTTP/1.1 connection. Requests must be the same however the bytes are split, nothing may come after a
/// refusal, and bodies must stay within their limit.
package enum HTTP1Exercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        let whole = events([bytes[...]])
        precondition(events(bytes.indices.map { bytes[$0...$0] }) == whole, "single bytes make other requests")
        let middle = bytes.count / 2
        precondition(events([bytes[..<middle], bytes[middle...]]) == whole, "two parts make other requests")
    }

    private static func events(_ parts: [ArraySlice<UInt8>]) -> [HTTP1Event] {
        let limits = HTTP1Limits(requestLine: 512, head: 2048, fieldCount: 16, body: 4096)
        var connection = HTTP1Connection(limits: limits)
        var events: [HTTP1Event] = []
        var isFailed = false
        for part in parts {
            connection.receive(ByteBuffer(bytes: part))
            loop: while true {
                let event = connection.next()
                switch event {
                case .needsBytes: break loop
                // Depends on how much of the body has come.
                case .continueExpected: continue
                case .request(_, let body): precondition(body.readableBytes <= limits.body, "a body outgrew its limit")
                case .failure: break
                }
                precondition(!isFailed, "something came after a failure")
                if case .failure = event { isFailed = true }
                events.append(event)
            }
        }
        return events
    }
}
