import NIOCore
import ServingPrimitives
import Testing

@testable import FrontendREST

@Suite struct HTTPResponseTests {
    @Test func `a response is one buffer, head in front of the body`() {
        var response = HTTPResponse(allocator: ByteBufferAllocator())
        response.buffer.writeString("{}")
        let bytes = response.serialized(.init(date: Array("now".utf8), closes: true, hasCORSFields: true))
        #expect(
            String(buffer: bytes)
                == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: now\r\nContent-Length: 2"
                + "\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: POST, GET"
                + "\r\nAccess-Control-Allow-Headers: Content-Type\r\n\r\n{}"
        )
    }

    @Test func `the answer to HEAD has the length and no body`() {
        var response = HTTPResponse(content: .html, allocator: ByteBufferAllocator())
        response.buffer.writeString("12345")
        let bytes = response.serialized(.init(date: [], omitsBody: true))
        #expect(
            String(buffer: bytes) == "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nDate: \r\nContent-Length: 5\r\n\r\n"
        )
    }

    @Test(
        arguments: [
            (.ok, 200), (.invalidArgument, 400), (.failedPrecondition, 400), (.outOfRange, 400),
            (.unauthenticated, 401),
            (.permissionDenied, 403), (.notFound, 404), (.alreadyExists, 409), (.aborted, 409),
            (.resourceExhausted, 429),
            (.cancelled, 499), (.unknown, 500), (.internal, 500), (.dataLoss, 500), (.unimplemented, 501),
            (.unavailable, 503), (.deadlineExceeded, 504),
        ] as [(CanonicalCode, Int)]
    )
    func `canonical codes have TensorFlow Serving's statuses`(_ code: CanonicalCode, _ status: Int) {
        #expect(HTTPStatus(code).code == status)
    }

    @Test func `dates have the form of HTTP`() {
        #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test func `error texts are escaped as RapidJSON does`() {
        let text = String(decoding: ErrorAnswer.json("a\"b\\c\n\u{1F}/é"), as: UTF8.self)
        #expect(text == "{\n    \"error\": \"a\\\"b\\\\c\\n\\u001F/é\"\n}")
    }
}
