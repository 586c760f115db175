import HTTP2Server
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Testing

@testable import FrontendGRPC

/// What a client sees of calls that are refused before any service sees them, over a real socket.
struct GRPCProtocolTests {
    private static let check = GRPCMethod.healthCheck.rawValue
    private let serving = TestServing([:])

    private func expect(
        _ response: GRPCTestResponse,
        _ code: CanonicalCode,
        _ text: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(response.grpcStatus == code.rawValue, sourceLocation: sourceLocation)
        #expect(response.grpcMessage?.contains(text) == true, "\(response)", sourceLocation: sourceLocation)
        #expect(response.httpStatus == 200, sourceLocation: sourceLocation)
        #expect(response.headers["grpc-accept-encoding"] == MessageEncoding.accepted, sourceLocation: sourceLocation)
        #expect(
            response.trailers == nil,
            "an error without messages is one header block",
            sourceLocation: sourceLocation
        )
        #expect(response.body.isEmpty, sourceLocation: sourceLocation)
    }

    @Test func `a call is answered with headers, one message and trailers`() async throws {
        try await withConnection(serving) { client in
            let response = await client.call(.healthCheck, [])
            #expect(response.httpStatus == 200)
            #expect(response.headers["content-type"] == "application/grpc")
            #expect(response.headers["grpc-accept-encoding"] == "identity, deflate, gzip")
            #expect(response.headers["grpc-status"] == nil)
            #expect(response.body == [0, 0, 0, 0, 2, 8, 1])
            #expect(response.trailers == ["grpc-status": "0"])
            #expect(response.resetCode == nil)
        }
    }

    @Test func `malformed bodies are refused and the connection lives on`() async throws {
        let cases: [([UInt8], CanonicalCode, String)] = [
            ([], .internal, "Expected one request message"),
            ([0, 0], .internal, "the request body has 2 bytes"),
            ([0, 0, 0, 0, 9, 1], .internal, "Truncated request message"),
            (framed([]) + framed([]), .unimplemented, "Expected exactly one request message"),
            (framed([], flag: 7), .internal, "compression flag of 0 or 1"),
            (framed([1], flag: 1), .internal, "Compression bit set but no encoding configured"),
            (framed([0xFF, 0xFF]), .invalidArgument, "not a grpc.health.v1.HealthCheckRequest"),
        ]
        try await withConnection(serving) { client in
            for (body, code, text) in cases {
                expect(await client.call(path: Self.check, body: body), code, text)
            }
            #expect(await client.call(.healthCheck, []).grpcStatus == 0)
        }
    }

    @Test func `headers that cannot be served are refused and the connection lives on`() async throws {
        let cases: [(String, [HTTP2HeaderField], CanonicalCode, String)] = [
            ("/no.Such/Method", [], .unimplemented, "Method not found!"),
            ("/tensorflow.serving.SessionService/SessionRun", [], .unimplemented, "Method not found!"),
            (Self.check, [HTTP2HeaderField("grpc-timeout", "1 year")], .internal, "Error parsing 'grpc-timeout'"),
            (Self.check, [HTTP2HeaderField("grpc-encoding", "br")], .unimplemented, "identity, deflate, gzip"),
            (Self.check, [HTTP2HeaderField("grpc-timeout", "0m")], .deadlineExceeded, "Deadline Exceeded"),
        ]
        try await withConnection(serving) { client in
            for (path, fields, code, text) in cases {
                expect(await client.call(path: path, body: framed([]), fields), code, text)
            }
            #expect(await client.call(.healthCheck, []).grpcStatus == 0)
        }
    }

    @Test func `what is no gRPC call gets an HTTP status and a gRPC status`() async throws {
        try await withConnection(serving) { client in
            let plain = await client.call(
                path: Self.check,
                body: [1, 2, 3],
                [HTTP2HeaderField("content-type", "text/plain")]
            )
            #expect(plain.httpStatus == 415)
            #expect(plain.grpcMessage == "Expected content-type application/grpc, got \"text/plain\"")
            let get = client.open(Self.check, [HTTP2HeaderField(":method", "GET")], endStream: true)
            let response = await get.response()
            #expect(response.httpStatus == 405)
            #expect(response.headers["allow"] == "POST")
        }
    }

    @Test func `an error text is cut and percent-coded`() async throws {
        try await withConnection(serving) { client in
            let request = Grpc_Health_V1_HealthCheckRequest.with { $0.service = String(repeating: "é\n", count: 500) }
            let response = await client.call(.healthCheck, try request.serializedBytes())
            #expect(response.grpcStatus == CanonicalCode.notFound.rawValue)
            let message = try #require(response.grpcMessage)
            #expect(message.hasPrefix("unknown service or model: %C3%A9%0A%C3%A9"))
            #expect(message.hasSuffix("...TRUNCATED"))
        }
    }

    @Test(arguments: [MessageEncoding.gzip, .deflate], [10, 200_000])
    func `compressed requests are read`(_ encoding: MessageEncoding, _ nameByteCount: Int) async throws {
        let name = String(decoding: (0..<nameByteCount).map { UInt8(33 + ($0 &* $0 >> 3) % 90) }, as: UTF8.self)
        let message: [UInt8] = try Grpc_Health_V1_HealthCheckRequest.with { $0.service = name }.serializedBytes()
        let body = framed(compress(message, encoding), flag: 1)
        try await withConnection(serving) { client in
            let response = await client.call(
                path: Self.check,
                body: body,
                [HTTP2HeaderField("grpc-encoding", encoding == .gzip ? "gzip" : "deflate")]
            )
            #expect(response.grpcStatus == CanonicalCode.notFound.rawValue)
            #expect(response.grpcMessage?.contains(name.prefix(5)) == true)
        }
    }

    @Test func `messages above the limits are refused`() async throws {
        try await withConnection(serving) {
            $0.maximumReceiveMessageByteCount = 1000
        } _: { client in
            expect(
                await client.call(.healthCheck, [UInt8](repeating: 0, count: 1001)),
                .resourceExhausted,
                "Received message larger than max"
            )
            let bomb = framed(compress([UInt8](repeating: 0, count: 1001), .gzip), flag: 1)
            expect(
                await client.call(path: Self.check, body: bomb, [HTTP2HeaderField("grpc-encoding", "gzip")]),
                .resourceExhausted,
                "Decompressed message larger than max (1000 bytes)"
            )
        }
    }
}
