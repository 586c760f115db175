import AccessControl
import HTTP2Server
import Testing

@testable import FrontendGRPC

@Suite struct MethodAccessTests {
    @Test func `only what probes ask needs no right`() {
        let open = GRPCMethod.allCases.filter { $0.verb == nil }
        #expect(Set(open) == [.healthCheck, .healthWatch, .serverLive, .serverReady, .modelReady])
    }

    static let keys: [(fields: [String: String], key: String?)] = [
        (["authorization": "Bearer abc"], "abc"), (["x-api-key": "abc"], "abc"), (["authorization": "Basic abc"], nil),
        (["authorization": "Bearer abc", "x-api-key": "def"], "abc"), ([:], nil),
        (["authorization": "Basic abc", "x-api-key": "def"], "def"),
    ]

    @Test(arguments: keys) func `the key is found`(fields: [String: String], key: String?) throws {
        let head = HTTP2RequestHead(
            method: "POST",
            path: GRPCMethod.predict.rawValue,
            fields: [HTTP2HeaderField("content-type", "application/grpc")]
                + fields.map { HTTP2HeaderField($0.key, $0.value) }
        )
        #expect(try GRPCRequestHead(head).key == key.map { Array($0.utf8) })
    }
}
