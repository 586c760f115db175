import HTTPClient
import LoadGeneration

/// What fuzz-load-answer does with an input, and the tests with its corpus: everything the load generator reads from a
/// server.
package enum LoadAnswerExercise {
    private static let requestCount = 3

    /// Takes the first byte as the kind of answer and the second as the size of the pieces it comes in.
    package static func run(_ input: UnsafeRawBufferPointer) {
        guard input.count >= 2 else { return }
        let rest = UnsafeRawBufferPointer(rebasing: input[2...])
        switch input[0] % 5 {
        case 0: answer(HTTP1Client.init, rest, pieces: Int(input[1]))
        case 1: answer(HTTP2Client.init, rest, pieces: Int(input[1]))
        case 2: precondition((AnswerRows(.predictJSON, rest)?.count ?? 0) <= rest.count, "more rows than bytes")
        case 3: _ = AnswerRows(.predictResponse, rest)
        default: _ = MetricsSource.batchSizes(String(decoding: rest, as: UTF8.self))
        }
    }

    /// Every request is told of exactly once, whatever comes.
    private static func answer(
        _ makeClient: (any AnswerReceiver) -> ProtocolClient,
        _ bytes: UnsafeRawBufferPointer,
        pieces: Int
    ) {
        let counter = AnswerCounter()
        let client = makeClient(counter)
        // Without settings HTTP/2 does not begin; this frame has none.
        if client is HTTP2Client {
            ([0, 0, 0, 4, 0, 0, 0, 0, 0] as [UInt8]).withUnsafeBytes { try? client.receive($0) }
        }
        guard let address = try? ServerAddress("127.0.0.1:1") else { return }
        let request = RawRequests.grpc(method: "/p.S/M", body: [1, 2, 3], to: address, RequestFields())
        while counter.sent < requestCount, client.canSend {
            _ = client.send(request, token: counter.sent)
            counter.sent += 1
        }
        let size = max(1, pieces)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + size, bytes.count)])
            do { try client.receive(piece) } catch { break }
        }
        client.peerClosed()
        client.failAll(.closed)
        precondition(counter.told.count == counter.sent, "a request was told of never or twice")
        precondition(client.inFlight == 0, "requests are in flight after the end")
    }
}

private final class AnswerCounter: AnswerReceiver {
    var sent = 0
    var told: [Int] = []

    func answered(_ token: Int, _ answer: borrowing Answer) {
        precondition(token >= 0 && token < sent && !told.contains(token), "an answer to no request")
        told.append(token)
    }
}
