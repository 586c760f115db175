import Cluster
import ServingPrimitives
import Testing

@Suite struct NodePayloadTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// As Monolith's own classes write them, with Python 3.
    @Test func `nodes are written byte for byte`() throws {
        let meta = SavedModelMeta(basePath: "/exported/ps_0", versionPolicy: "latest_once")
        #expect(
            String(decoding: meta.node, as: UTF8.self)
                == #"{"model_base_path": "/exported/ps_0", "version_policy": "latest_once"}"#
        )
        let filters = ContainerService.debugInfo(layoutPath: "/z/layouts/l", filters: ["entry;True", "ps_{i};i == 1"])
        let service = ContainerService(grpc: "10.0.0.1:8500", dataCentre: nil, debugInfo: filters)
        #expect(
            String(decoding: service.node, as: UTF8.self)
                == #"{"grpc": "10.0.0.1:8500", "http": null, "archon": null, "agent": null, "idc": null, "#
                + #""debug_info": "{\"layout_path\": \"/z/layouts/l\", \"layout_filters\": "#
                + #"[\"entry;True\", \"ps_{i};i == 1\"]}"}"#
        )
        var replica = ReplicaMeta()
        replica.address = "10.0.0.1:8500"
        replica.state = 30
        replica.serverType = "ps"
        replica.task = 2
        #expect(
            String(decoding: replica.node, as: UTF8.self)
                == #"{"address": "10.0.0.1:8500", "address_ipv6": null, "stat": 30, "model_name": null, "#
                + #""server_type": "ps", "task": 2, "replica": -1, "archon_address": null, "archon_address_ipv6": null}"#
        )
    }

    @Test func `texts are escaped as Python does`() throws {
        let text = "\"\\\u{8}\t\n\u{C}\r\u{1}\u{7F}é€😀/"
        let meta = SavedModelMeta(basePath: text, versionPolicy: nil)
        #expect(
            String(decoding: meta.node, as: UTF8.self)
                == #"{"model_base_path": "\"\\\b\t\n\f\r\u0001\u007f\u00e9\u20ac\ud83d\ude00/", "version_policy": null}"#
        )
        #expect(try SavedModelMeta(node: meta.node) == meta)
    }

    @Test func `what is missing, null or unknown does no harm`() throws {
        #expect(try SavedModelMeta(node: bytes("{}")) == SavedModelMeta(basePath: nil, versionPolicy: nil))
        #expect(try ReplicaMeta(node: bytes("{}")) == ReplicaMeta())
        let replica = try ReplicaMeta(node: bytes(#" {"stat":3e1,"task":null,"more":[{"x":1}],"address":"a:1"} "#))
        #expect(replica.isAvailable && replica.task == -1 && replica.address == "a:1")
    }

    @Test(
        arguments: [
            ("", "a replica: the node holds no JSON; expected an object"),
            ("{", "a replica: the node holds no JSON; expected an object"),
            ("[]", "a replica: the node holds a list; expected an object"),
            (#"{"stat": "30"}"#, "a replica: stat is a text; expected a whole number"),
            (#"{"stat": 1.5}"#, "a replica: stat is 1.5; expected a whole number of 64 bits"),
            (
                #"{"task": 9223372036854775808}"#,
                "a replica: task is 9223372036854775808; expected a whole number of 64 bits"
            ),
            (#"{"address": 1}"#, "a replica: address is a number; expected a text"),
            (#"{"address": {}}"#, "a replica: address is an object; expected a text"),
            (#"{"address": "\ud800"}"#, "a replica: the node holds no JSON; expected an object"),
        ]
    )
    func `what is wrong with a node is told`(_ text: String, _ message: String) {
        let error = #expect(throws: ServingError.self) { try ReplicaMeta(node: bytes(text)) }
        #expect(error == .invalidArgument(message))
    }

    @Test func `nodes are bounded`() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(throws: ServingError.self) { try ReplicaMeta(node: bytes("{\"x\": \(deep)}")) }
        #expect(throws: ServingError.self) { try ReplicaMeta(node: Array(repeating: 0x20, count: (1 << 20) + 1)) }
    }

    @Test(
        arguments: [
            ("10.0.0.1:8500", "[::1]:8500", false, "10.0.0.1:8500"),
            ("10.0.0.1:8500", "[::1]:8500", true, "[::1]:8500"),
            ("0.0.0.0:8500", "[fe80::1]:8500", false, "[fe80::1]:8500"),
            ("10.0.0.1:8500", "[::]:8500", true, "10.0.0.1:8500"),
            (nil, nil, false, nil), ("10.0.0.1", "::1:8500", false, nil),
        ] as [(String?, String?, Bool, String?)]
    )
    func `the address of the other family serves where one is missing`(
        _ ipv4: String?,
        _ ipv6: String?,
        _ prefersIPv6: Bool,
        _ address: String?
    ) {
        var replica = ReplicaMeta()
        (replica.address, replica.addressIPv6) = (ipv4, ipv6)
        #expect(replica.grpcAddress(preferringIPv6: prefersIPv6)?.description == address)
    }

    @Test(
        arguments: [
            "", ":", ":1", "a:", "a:0", "a:65536", "a:-1", "a:+1", "a b:1", "[a]:1", "[::1:1", "a/b:1", "a:1:2",
            "a:000001",
        ]
    )
    func `what is no address is refused`(_ text: String) { #expect(ReplicaAddress(text) == nil) }
}
