import NIOCore
import Testing

@testable import FrontendREST

@Suite struct HTTP1ConnectionTests {
    // MARK: Requests

    struct Exchange: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var events: [HTTP1Event]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ events: [HTTP1Event]) {
            self.name = name
            self.text = text
            self.events = events
        }
    }

    private static let repeatedHead = "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"

    static let exchanges = [
        Exchange("GET", "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", [.request(.get("/a?b=c"))]),
        Exchange(
            "body",
            "POST /p HTTP/1.1\r\nhost: x\r\ncontent-LENGTH:  5 \r\n\r\nhello",
            [.request(.post("/p"), "hello")]
        ),
        Exchange(
            "pipelined",
            "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n",
            [.request(.post("/1"), "ab"), .request(.get("/2")), .request(.get("/3"))]
        ),
        Exchange(
            "a head that repeats the last one, begins like it, and repeats again",
            repeatedHead + "ab" + repeatedHead + "cd"
                + "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nef" + repeatedHead
                + "gh" + repeatedHead + "ij\r\n" + repeatedHead + "kl",
            ["ab", "cd", "ef", "gh", "ij", "kl"].map { .request(.post("/1"), $0) }
        ),
        Exchange(
            "a long head, twice",
            String(
                repeating: "GET /l HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 600))\r\n\r\n",
                count: 2
            ),
            [.request(.get("/l")), .request(.get("/l"))]
        ),
        Exchange(
            "a chunked body, twice",
            String(
                repeating: "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                count: 2
            ),
            [.request(.post("/c"), "a"), .request(.post("/c"), "a")]
        ),
        Exchange(
            "chunked with extensions and trailers",
            "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "3;x=y\r\nabc\r\n000A \r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            [.request(.post("/c"), "abc0123456789"), .request(.get("/"))]
        ),
        Exchange(
            "HTTP/1.0",
            "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            [.request(.get("/", keepsAlive: false)), .request(.get("/"))]
        ),
        Exchange(
            "Connection: close",
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, CLOSE\r\n\r\n",
            [.request(.get("/", keepsAlive: false))]
        ),
        Exchange(
            "absolute target",
            "GET http://host:80/path HTTP/1.1\r\nHost: x\r\n\r\nGET HTTPS://host HTTP/1.1\r\nHost: x\r\n\r\n",
            [.request(.get("/path")), .request(.get("/"))]
        ),
        Exchange(
            "the same Content-Length twice",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            [.request(.post("/"), "a")]
        ),
        Exchange(
            "other methods",
            "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\n\r\n",
            [
                .request(HTTP1RequestHead(method: .other("BREW"), target: Array("/pot".utf8))),
                .request(
                    HTTP1RequestHead(method: .options, target: Array("*".utf8), hasWebOrigin: true, isCrossOrigin: true)
                ),
            ]
        ),
        Exchange(
            "a page of ours",
            "GET / HTTP/1.1\r\nHost: x:80\r\nOrigin: http://x:80\r\n\r\nGET / HTTP/1.1\r\nOrigin: https://y\r\nHost: y\r\n\r\n",
            [
                .request(HTTP1RequestHead(method: .get, target: [UInt8(ascii: "/")], hasWebOrigin: true)),
                .request(HTTP1RequestHead(method: .get, target: [UInt8(ascii: "/")], hasWebOrigin: true)),
            ]
        ),
        Exchange(
            "pages of others",
            "GET / HTTP/1.1\r\nHost: x:80\r\nOrigin: http://x:81\r\n\r\nGET / HTTP/1.1\r\nOrigin: null\r\nHost: y\r\n\r\n",
            [
                .request(
                    HTTP1RequestHead(
                        method: .get,
                        target: [UInt8(ascii: "/")],
                        hasWebOrigin: true,
                        isCrossOrigin: true
                    )
                ),
                .request(HTTP1RequestHead(method: .get, target: [UInt8(ascii: "/")], isCrossOrigin: true)),
            ]
        ),
        Exchange(
            "gzip",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: x-gzip\r\nContent-Length: 0\r\n\r\n",
            [.request(HTTP1RequestHead(method: .post, target: [UInt8(ascii: "/")], isGzip: true))]
        ),
    ]

    @Test(arguments: exchanges)
    func `requests come out whole wherever their bytes are split`(_ exchange: Exchange) {
        let bytes = Array(exchange.text.utf8)
        for split in 0...bytes.count {
            #expect(events([Array(bytes[..<split]), Array(bytes[split...])]) == exchange.events)
        }
        #expect(events(bytes.map { [$0] }) == exchange.events)
    }

    @Test func `a client that waits is told to go on`() {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        #expect(
            events([Array(head.utf8), Array("ab".utf8)]) == [.continueExpected, .request(.post("/"), "ab")]
        )
        // The body is here already.
        #expect(events([Array((head + "ab").utf8)]) == [.request(.post("/"), "ab")])
        let chunked = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(
            events([Array(chunked.utf8), Array("0\r\n\r\n".utf8)]) == [.continueExpected, .request(.post("/"))]
        )
    }

    @Test func `an HTTP/1.0 client is not told to go on`() {
        let head = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
        #expect(events([Array(head.utf8)]) == [])
    }

    // MARK: Refusals

    static let refusals: [(text: String, status: Int)] = [
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x10\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nN\u{0}: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nN(: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nN: a\u{0}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nN: a\rb\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n\n", 400),
        ("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("GET /\r\nHost: x\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /\u{7F} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        ("GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505),
        ("GET / http/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.11\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n", 417),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1x\r\na\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;\u{1}\r\na\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFF\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n", 413),
        ("GET /" + String(repeating: "a", count: 300) + " HTTP/1.1\r\n", 414),
        ("GET /" + String(repeating: "a", count: 300), 414),
        ("GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 600) + "\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 600), 431),
        ("GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 9) + "\r\n", 431),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                + String(repeating: "A: b\r\n", count: 100), 431
        ),
    ]

    @Test(arguments: refusals)
    func `what could be understood in two ways is refused`(_ refusal: (text: String, status: Int)) {
        let limits = HTTP1Limits(requestLine: 256, head: 512, fieldCount: 8, body: 1000)
        let bytes = Array(refusal.text.utf8)
        #expect(failure(events([bytes], limits)) == refusal.status)
        #expect(failure(events(bytes.map { [$0] }, limits)) == refusal.status)
    }

    @Test func `a chunked body is bounded as a whole`() {
        let chunk = "1F4\r\n" + String(repeating: "x", count: 500) + "\r\n"
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        let limits = HTTP1Limits(body: 1000)
        #expect(failure(events([Array((head + chunk + chunk + "0\r\n\r\n").utf8)], limits)) == nil)
        #expect(failure(events([Array((head + chunk + chunk + "1\r\n").utf8)], limits)) == 413)
    }

    @Test func `nothing is taken after a refusal`() {
        var connection = HTTP1Connection()
        connection.receive(ByteBuffer(string: "nonsense\r\n"))
        guard case .failure = connection.next() else {
            Issue.record("expected a failure")
            return
        }
        connection.receive(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
        #expect(connection.next() == .needsBytes)
    }

    private func failure(_ events: [HTTP1Event]) -> Int? {
        if case .failure(let failure) = events.last { return failure.status.code }
        return nil
    }

    private func events(_ parts: [[UInt8]], _ limits: HTTP1Limits = HTTP1Limits()) -> [HTTP1Event] {
        var connection = HTTP1Connection(limits: limits)
        var events: [HTTP1Event] = []
        for part in parts where !part.isEmpty {
            connection.receive(ByteBuffer(bytes: part))
            while true {
                let event = connection.next()
                if event == .needsBytes { break }
                events.append(event)
                if case .failure = event { return events }
            }
        }
        return events
    }
}

extension HTTP1Event {
    static func request(_ head: HTTP1RequestHead, _ body: String = "") -> HTTP1Event {
        .request(head, body: ByteBuffer(string: body))
    }
}

extension HTTP1RequestHead {
    static func get(_ target: String, keepsAlive: Bool = true) -> HTTP1RequestHead {
        HTTP1RequestHead(method: .get, target: Array(target.utf8), keepsAlive: keepsAlive)
    }

    static func post(_ target: String) -> HTTP1RequestHead {
        HTTP1RequestHead(method: .post, target: Array(target.utf8))
    }
}
