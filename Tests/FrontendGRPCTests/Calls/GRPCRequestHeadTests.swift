import HTTP2Server
import ServingPrimitives
import Testing

@testable import FrontendGRPC

struct GRPCRequestHeadTests {
    private func read(
        method: String = "POST",
        path: String = GRPCMethod.predict.rawValue,
        _ fields: [HTTP2HeaderField] = [HTTP2HeaderField("content-type", "application/grpc")]
    ) throws(GRPCRefusal) -> GRPCRequestHead {
        try GRPCRequestHead(HTTP2RequestHead(method: method, path: path, fields: fields))
    }

    @Test(arguments: [
        "application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8", "Application/GRPC",
        "application/grpc+proto;x=y",
    ])
    func `gRPC's content types are accepted`(_ type: String) throws {
        #expect(try read([HTTP2HeaderField("content-type", type)]).method == .predict)
    }

    @Test(arguments: ["text/plain", "application/grpc-web", "application/grpc+json", "application/grpcx", ""])
    func `other content types are no gRPC call`(_ type: String) {
        #expect(throws: GRPCRefusal.notGRPC(status: 415, "Expected content-type application/grpc, got \"\(type)\"")) {
            try read([HTTP2HeaderField("grpc-timeout", "nonsense"), HTTP2HeaderField("content-type", type)])
        }
    }

    @Test func `a request without content type is no gRPC call`() {
        #expect(throws: GRPCRefusal.notGRPC(status: 415, "Expected content-type application/grpc, got none")) {
            try read([])
        }
    }

    @Test func `other verbs are no gRPC call`() {
        #expect(throws: GRPCRefusal.notGRPC(status: 405, "gRPC calls use POST, not GET")) { try read(method: "GET") }
    }

    @Test func `timeout and encoding are read`() throws {
        let head = try read([
            HTTP2HeaderField("te", "trailers"), HTTP2HeaderField("grpc-timeout", "5S"),
            HTTP2HeaderField("content-type", "application/grpc"), HTTP2HeaderField("grpc-encoding", "gzip"),
        ])
        #expect(head.timeoutNanoseconds == 5_000_000_000)
        #expect(head.encoding == .gzip)
    }

    @Test(arguments: [
        ("/x.Y/Z", "Method not found! This server has no method /x.Y/Z"),
        (
            "/tensorflow.serving.SessionService/SessionRun",
            "Method not found! This server has no method /tensorflow.serving.SessionService/SessionRun"
        ),
    ])
    func `methods that are not served are unimplemented`(_ path: String, _ text: String) {
        #expect(throws: GRPCRefusal.status(ServingError(.unimplemented, text))) { try read(path: path) }
    }

    @Test func `an unknown compression is unimplemented and the known ones are named`() {
        let error = #expect(throws: GRPCRefusal.self) {
            try read([HTTP2HeaderField("content-type", "application/grpc"), HTTP2HeaderField("grpc-encoding", "zstd")])
        }
        let text = "Error parsing 'grpc-encoding' metadata: \"zstd\" is not supported; expected one of: "
        #expect(error == .status(ServingError(.unimplemented, text + "identity, deflate, gzip")))
    }
}
