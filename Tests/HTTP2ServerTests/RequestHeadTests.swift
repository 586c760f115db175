import Testing

@testable import HTTP2Server

/// RFC 9113, section 8: which header blocks are requests.
struct RequestHeadTests {
    @Test func `a request's head is taken apart`() throws {
        let server = try TestServer()
        let more = [("te", "trailers"), ("x-twice", "1"), ("x-twice", "2"), ("x-empty", "")]
        server.send(.headers(1, requestBlock("/a/b?c", more)))
        let head = try #require(server.application.heads[1])
        #expect(head.method == "POST")
        #expect(head.scheme == "http")
        #expect(head.path == "/a/b?c")
        #expect(head.authority == "test")
        #expect(head.fields == more.map { HTTP2HeaderField($0.0, $0.1) })
        #expect(head.first("x-twice") == "1")
        #expect(head.first("x-none") == nil)
    }

    @Test func `the same block means the same head, until the dynamic table changes`() throws {
        let server = try TestServer()
        let indexed: [UInt8] = [0x83, 0x86, 0x84, 0xbe]
        server.send(.headers(1, [0x83, 0x86, 0x84] + indexedBlock([("x-a", "1")])))
        server.send(.headers(3, indexed), .headers(5, indexed))
        server.send(.headers(7, [0x83, 0x86, 0x84] + indexedBlock([("x-b", "2")])))
        server.send(.headers(9, indexed))
        let first = [1, 3, 5].map { server.application.heads[$0]?.fields }
        #expect(first.allSatisfy { $0 == [HTTP2HeaderField("x-a", "1")] })
        #expect(server.application.heads[9]?.fields == [HTTP2HeaderField("x-b", "2")])
    }

    @Test func `CONNECT has no path and no scheme`() throws {
        let server = try TestServer()
        server.send(.headers(1, block([(":method", "CONNECT"), (":authority", "a:1")])))
        #expect(server.application.heads[1]?.method == "CONNECT")
        #expect(server.application.heads[1]?.path == "")
    }

    struct Malformed: Sendable, CustomTestStringConvertible {
        var what: String
        var fields: [(String, String)]
        var testDescription: String { what }
    }

    static let malformed = [
        Malformed(what: "no fields", fields: []),
        Malformed(what: "no :method", fields: [(":scheme", "http"), (":path", "/")]),
        Malformed(what: "no :scheme", fields: [(":method", "GET"), (":path", "/")]),
        Malformed(what: "no :path", fields: [(":method", "GET"), (":scheme", "http")]),
        Malformed(what: "empty :path", fields: [(":method", "GET"), (":scheme", "http"), (":path", "")]),
        Malformed(what: "two :method", fields: requestFields() + [(":method", "GET")]),
        Malformed(what: "two :scheme", fields: requestFields() + [(":scheme", "http")]),
        Malformed(what: "two :path", fields: requestFields() + [(":path", "/")]),
        Malformed(what: "two :authority", fields: requestFields() + [(":authority", "a")]),
        Malformed(what: "pseudo after regular", fields: [("a", "b")] + requestFields()),
        Malformed(what: "an unknown pseudo field", fields: requestFields() + [(":protocol", "x")]),
        Malformed(what: "a response's pseudo field", fields: requestFields() + [(":status", "200")]),
        Malformed(what: "CONNECT with a path", fields: [(":method", "CONNECT"), (":authority", "a"), (":path", "/")]),
        Malformed(what: "upper case", fields: requestFields() + [("X-a", "1")]),
        Malformed(what: "empty name", fields: requestFields() + [("", "1")]),
        Malformed(what: "space in a name", fields: requestFields() + [("a b", "1")]),
        Malformed(what: "colon in a name", fields: requestFields() + [("a:b", "1")]),
        Malformed(what: "control in a name", fields: requestFields() + [("a\u{1}", "1")]),
        Malformed(what: "non-ASCII in a name", fields: requestFields() + [("\u{e9}", "1")]),
        Malformed(what: "NUL in a value", fields: requestFields() + [("a", "b\u{0}c")]),
        Malformed(what: "CR in a value", fields: requestFields() + [("a", "b\rc")]),
        Malformed(what: "LF in a value", fields: requestFields() + [("a", "b\nc")]),
        Malformed(what: "space before a value", fields: requestFields() + [("a", " b")]),
        Malformed(what: "tab after a value", fields: requestFields() + [("a", "b\t")]),
        Malformed(what: "NUL in :path", fields: requestFields("/\u{0}")),
        Malformed(what: "connection", fields: requestFields() + [("connection", "close")]),
        Malformed(what: "keep-alive", fields: requestFields() + [("keep-alive", "1")]),
        Malformed(what: "proxy-connection", fields: requestFields() + [("proxy-connection", "close")]),
        Malformed(what: "transfer-encoding", fields: requestFields() + [("transfer-encoding", "chunked")]),
        Malformed(what: "upgrade", fields: requestFields() + [("upgrade", "h2c")]),
        Malformed(what: "te: gzip", fields: requestFields() + [("te", "gzip")]),
        Malformed(what: "content-length without a number", fields: requestFields() + [("content-length", "x")]),
        Malformed(what: "negative content-length", fields: requestFields() + [("content-length", "-1")]),
        Malformed(what: "empty content-length", fields: requestFields() + [("content-length", "")]),
        Malformed(
            what: "content-length beyond counting",
            fields: requestFields() + [("content-length", "99999999999999999999")]
        ),
        Malformed(
            what: "two content-lengths",
            fields: requestFields() + [("content-length", "1"), ("content-length", "2")]
        ),
        Malformed(what: "content-length of 1 without a body", fields: requestFields() + [("content-length", "1")]),
    ]

    @Test(arguments: malformed) func `a malformed request costs its stream only`(_ request: Malformed) throws {
        let server = try TestServer()
        server.send(.headers(1, block(request.fields)), .headers(3))
        let responses = server.responses(server.received())
        #expect(responses[1] == TestServer.Response(reset: .protocolError))
        #expect(responses[3]?.isComplete == true, "the connection lives on")
        #expect(server.application.events == [.opened(3), .received(3, byteCount: 0)])
    }

    @Test func `a header list beyond the limit costs its stream, and the table stays right`() throws {
        let server = try TestServer()
        let bomb = [UInt8](repeating: 0xbe, count: 3000)
        server.send(.headers(1, requestBlock() + indexedBlock([("x-big", String(repeating: "v", count: 250))])))
        server.send(.headers(3, requestBlock() + bomb))
        server.send(.headers(5, requestBlock() + [0xbe]))
        let responses = server.responses(server.received())
        #expect(responses[3]?.reset == .enhanceYourCalm)
        #expect(server.application.heads[3] == nil)
        #expect(server.application.heads[5]?.fields.first?.value.utf8.count == 250)
    }

    @Test func `trailers end a request and are thrown away`() throws {
        let server = try TestServer()
        server.send(
            .headers(1, endStream: false),
            .data(1, [1, 2, 3], endStream: false),
            .headers(1, block([("x-end", "1")]))
        )
        #expect(server.application.events == [.opened(1), .received(1, byteCount: 3)])
    }

    @Test(arguments: [
        Frame.headers(1, block([("x-end", "1")]), endStream: false),
        Frame.headers(1, block([(":path", "/")])),
        Frame.headers(1, block([("Upper", "1")])),
        Frame.headers(1, block([("connection", "close")])),
    ])
    func `malformed trailers cost their stream`(_ trailers: Frame) throws {
        let server = try TestServer()
        server.send(.headers(1, endStream: false), .data(1, [1, 2, 3], endStream: false), trailers, .headers(3))
        let responses = server.responses(server.received())
        #expect(responses[1]?.reset == .protocolError)
        #expect(responses[3]?.isComplete == true)
        #expect(server.application.events.prefix(2) == [.opened(1), .cancelled(1)])
    }

    @Test(arguments: [(4, [3]), (4, [3, 2]), (0, [1]), (6, [])])
    func `a body other than content-length costs its stream`(_ length: Int, _ parts: [Int]) throws {
        let server = try TestServer()
        server.send(.headers(1, requestBlock("/", [("content-length", "\(length)")]), endStream: false))
        for part in parts { server.send(.data(1, [UInt8](repeating: 0, count: part), endStream: false)) }
        server.send(.data(1, []))
        #expect(server.responses(server.received())[1]?.reset == .protocolError)
        #expect(server.application.events == [.opened(1), .cancelled(1)])
    }

    @Test func `a body of content-length is delivered`() throws {
        let server = try TestServer()
        server.send(.headers(1, requestBlock("/", [("content-length", "5")]), endStream: false))
        server.send(.data(1, [1, 2], endStream: false), .data(1, [3, 4, 5]))
        #expect(server.application.events.last == .received(1, byteCount: 5))
    }
}
