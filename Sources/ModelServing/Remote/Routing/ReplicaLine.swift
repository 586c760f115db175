import Cluster
import HTTP2Server
import HTTPClient
import ServingPrimitives

/// A connection to a replica, and what goes over it. Used by the thread of `ReplicaClient` only.
final class ReplicaLine {
    let replica: ReplicaAddress
    let connection: ClientConnection
    /// What else the replica's name stands for, to be tried when this connection does not come up.
    let others: ArraySlice<ServerAddress>
    var wasOpen = false
    /// When the connection has to be there.
    let connectEnd: MonotonicTime
    /// Requests that the connection does not take yet, by their tickets.
    var waiting: [Int] = []
    /// Requests on their way, by their tickets.
    private var sent: [Int: (handle: UInt32, request: PreparedRequest)] = [:]
    /// Requests whose bytes the output may still refer to.
    private var kept: [PreparedRequest] = []
    private let path: String
    /// By the exponent of their timeouts: a connection encodes the fields of each route once.
    private var fields: [Int: [HTTP2HeaderField]] = [:]

    init(
        _ replica: ReplicaAddress,
        _ connection: ClientConnection,
        others: ArraySlice<ServerAddress>,
        path: String,
        connectEnd: MonotonicTime
    ) {
        self.replica = replica
        self.connection = connection
        self.others = others
        self.path = path
        self.connectEnd = connectEnd
    }

    /// - Parameter message: with the five bytes before it.
    func send(_ message: RequestBody, _ ticket: Int, by deadline: Deadline) {
        let exponent = Self.timeoutExponent(deadline.remaining(at: .now()))
        let request = PreparedRequest(
            route: exponent,
            fields: headerFields(exponent),
            body: message,
            check: .status
        )
        sent[ticket] = (connection.client.send(request, token: ticket), request)
        kept.append(request)
    }

    func giveUp(_ ticket: Int) {
        if let index = waiting.firstIndex(of: ticket) { waiting.remove(at: index) }
        if let (handle, _) = sent.removeValue(forKey: ticket) { _ = connection.client.cancel(handle) }
    }

    func answered(_ ticket: Int) { sent[ticket] = nil }

    /// Lets go of requests that are sent and answered.
    func releaseSent() {
        guard kept.count > 2 * sent.count + 16, connection.client.output.isEmpty else { return }
        kept = sent.values.map(\.request)
    }

    /// The least n with 2ⁿ ms not before the deadline: the request is given up at the deadline, and the server need not
    /// know it any better. 27, the longest that `grpc-timeout` has digits for, is no limit.
    static func timeoutExponent(_ nanoseconds: UInt64) -> Int {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let milliseconds = max(1, whole + (rest > 0 ? 1 : 0))
        let exponent = UInt64.bitWidth - (milliseconds - 1).leadingZeroBitCount
        return min(exponent, longestExponent)
    }

    private static let longestExponent = 27

    private func headerFields(_ exponent: Int) -> [HTTP2HeaderField] {
        if let known = fields[exponent] { return known }
        var fields = [
            HTTP2HeaderField(":method", "POST"), HTTP2HeaderField(":scheme", "http"), HTTP2HeaderField(":path", path),
            HTTP2HeaderField(":authority", connection.address.authority), HTTP2HeaderField("te", "trailers"),
            HTTP2HeaderField("content-type", "application/grpc"), HTTP2HeaderField("user-agent", "apus"),
        ]
        if exponent < Self.longestExponent { fields.append(HTTP2HeaderField("grpc-timeout", "\(1 << exponent)m")) }
        self.fields[exponent] = fields
        return fields
    }
}
