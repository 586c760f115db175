import Testing

@testable import HTTPClient
@testable import LoadGeneration

struct HTTP1ClientTests {
    private let log = AnswerLog()

    private func request(body: String = "{}") throws -> PreparedRequest {
        .http1(path: "/v1/x", body: Array(body.utf8), to: try ServerAddress("127.0.0.1:80"), RequestFields())
    }

    private func asked() throws -> HTTP1Client {
        let client = HTTP1Client(receiver: log)
        _ = client.send(try request(), token: 7)
        return client
    }

    @Test func `a request goes out with its head and body`() throws {
        var fields = RequestFields()
        fields.deadline = 25_000_000
        fields.priority = "3"
        fields.others = [("x-a", "b")]
        let address = try ServerAddress("127.0.0.1:8501")
        let client = HTTP1Client(receiver: log)
        _ = client.send(.http1(path: "/v1/x", body: Array("{}".utf8), to: address, fields), token: 0)
        #expect(
            String(decoding: client.takeOutput(), as: UTF8.self)
                == "POST /v1/x HTTP/1.1\r\nhost: 127.0.0.1:8501\r\nuser-agent: apus-bench\r\n"
                + "content-type: application/json\r\ncontent-length: 2\r\nx-request-timeout-ms: 25\r\n"
                + "x-request-priority: 3\r\nx-a: b\r\n\r\n{}"
        )
        #expect(!client.canSend)
    }

    static let answers: [(text: String, status: Int, body: String, closes: Bool)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false),
        ("HTTP/1.1 200\r\ncontent-length:  5 \r\n\r\nhello", 200, "hello", false),
        ("HTTP/1.1 200 OK\ncontent-length: 5\n\nhello", 200, "hello", false),
        ("HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", 429, "", true),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, "hi", true),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nhi", 200, "hi", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", 200, "x", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nt: v\r\n\r\n",
            200, "hello world", false
        ),
    ]

    @Test(arguments: answers, [1, 2, 3, 7, 1000])
    func `an answer is understood however it is cut`(
        _ answer: (text: String, status: Int, body: String, closes: Bool),
        size: Int
    ) throws {
        let client = try asked()
        try client.receive(Array(answer.text.utf8), by: size)
        #expect(log.entries == [.init(token: 7, kind: .http(answer.status), body: Array(answer.body.utf8))])
        #expect(client.canSend == !answer.closes)
        #expect(client.isFinishing == answer.closes)
    }

    @Test func `an answer without a length ends with the connection`() throws {
        let client = try asked()
        try client.receive("HTTP/1.1 200 OK\r\n\r\nhel")
        try client.receive("lo")
        #expect(log.entries.isEmpty)
        client.peerClosed()
        #expect(log.bodies == ["hello"])
        client.failAll(.closed)
        #expect(log.entries.count == 1)
    }

    @Test func `the next request may be sent while the answer is told`() throws {
        let client = try asked()
        let next = try request()
        log.whenAnswered = { if self.log.entries.count == 1 { _ = client.send(next, token: 8) } }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n"
        try client.receive(answer + "a" + answer + "b")
        #expect(log.entries.map(\.token) == [7, 8])
        #expect(log.bodies == ["a", "b"])
    }

    @Test(arguments: [
        "nonsense and more of it\r\n\r\n", "HTTP/2 200 OK\r\n\r\n    ", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n",
    ])
    func `what is no answer is a fault`(text: String) throws {
        let client = try asked()
        #expect(throws: ProtocolFault.self) { try client.receive(text) }
        #expect(log.entries.isEmpty)
    }

    @Test func `endless heads and lines are refused`() throws {
        let head = try asked()
        #expect(throws: ProtocolFault.self) {
            for _ in 0..<100 { try head.receive(String(repeating: "a: b\r\n", count: 200)) }
        }
        let chunk = try asked()
        try chunk.receive("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        #expect(throws: ProtocolFault.self) {
            for _ in 0..<100 { try chunk.receive(String(repeating: "0", count: 1000)) }
        }
    }

    @Test func `bytes without a request are a fault`() throws {
        #expect(throws: ProtocolFault.self) { try HTTP1Client(receiver: log).receive("HTTP/1.1 200 OK\r\n\r\n") }
    }

    @Test func `a lost connection is told once`() throws {
        let client = try asked()
        client.failAll(.closed)
        client.failAll(.closed)
        #expect(log.kinds == [.broken(.closed)])
    }
}
