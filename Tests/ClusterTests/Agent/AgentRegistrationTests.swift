import Cluster
import ServingPrimitives
import Testing

@Suite struct AgentRegistrationTests {
    private static let endpoints = AgentEndpoints(
        host: "10.0.0.1",
        hostIPv6: "fd00::1",
        grpcPort: 8500,
        furtherPorts: [.ps: 8600],
        httpPort: 8501,
        agentPort: 8502
    )

    private func registration(
        _ text: String,
        _ variables: [String: String] = [:],
        layout: String? = nil
    ) throws -> AgentRegistration {
        try AgentRegistration(
            try configuration("base_path /e\nbzid z\n\(text)").configuration,
            try AgentEnvironment(variables),
            Self.endpoints,
            layout: layout
        )
    }

    private func text(_ node: RegisteredNode) -> String { String(decoding: node.contents, as: UTF8.self) }

    private static let available = ServedState(state: 30, answers: true)
    private static let loading = ServedState(state: 20, answers: false)
    private static let inTrouble = ServedState(state: 30, answers: false)

    @Test func `version 3 says where it answers, and binds what is available`() throws {
        let registration = try registration(
            "agent_version 3\ndeploy_type unified\nlayout_filters entry; True",
            ["MY_POD_NAME": "pod", "TCE_INTERNAL_IDC": "LF"],
            layout: "/z/layouts/l"
        )
        let nodes = registration.nodes([
            "m:entry": Self.available, "m:ps_1": Self.loading, "m:ps_0": Self.available, "m:ps_2": Self.inTrouble,
        ])
        #expect(
            nodes.map(\.path) == [
                "/z/container_service/unknown;lf;None:pod", "/z/binding/m/entry:unknown;lf;None:pod",
                "/z/binding/m/ps_0:unknown;lf;None:pod",
            ]
        )
        let service = try ContainerService(node: nodes[0].contents)
        #expect(service.grpc == "10.0.0.1:8500" && service.http == "10.0.0.1:8501" && service.agent == "10.0.0.1:8502")
        #expect(service.archon == nil && service.dataCentre == "lf")
        #expect(
            service.debugInfo == #"{"layout_path": "/z/layouts/l", "layout_filters": ["entry; True"]}"#
        )
        #expect(registration.nodes([:]).map(\.path) == ["/z/container_service/unknown;lf;None:pod"])
    }

    @Test func `version 1 says of each part how it is`() throws {
        let registration = try registration(
            "agent_version 1\ndeploy_type mixed\nbase_name rec\nreplica_id 7"
        )
        let nodes = registration.nodes([
            "entry": Self.available, "ps_0": Self.loading, "ps_1": Self.inTrouble, "dense_0": .absent,
            "ps_item_embedding_0": Self.available,
        ])
        let metas = try nodes.map { try ReplicaMeta(node: $0.contents) }
        #expect(
            nodes.map(\.path) == [
                "/z/service/rec/dense:0/7", "/z/service/rec/entry:0/00000000007", "/z/service/rec/ps:0/7",
                "/z/service/rec/ps:1/7",
            ]
        )
        #expect(metas.map(\.state) == [0, 30, 20, 0])
        #expect(metas.map(\.address) == ["10.0.0.1:8500", "10.0.0.1:8500", "10.0.0.1:8600", "10.0.0.1:8600"])
        #expect(metas[2].addressIPv6 == "[fd00::1]:8600")
    }

    @Test func `replicas that nobody has numbered have numbers of their own`() throws {
        let text = "agent_version 1\ndeploy_type entry\nbase_name rec"
        func path(_ variables: [String: String]) throws -> String {
            try registration(text, variables).nodes(["entry": Self.available])[0].path
        }
        let number = try path([:])
        #expect(ServicePath(number)?.replicaID ?? -1 >= 0)
        #expect(try path(["MY_POD_NAME": "a"]) != number)
        #expect(try path(["MY_POD_NAME": "a"]) != path(["MY_POD_NAME": "b"]))
    }

    @Test(
        arguments: [
            ("agent_version 1\ndeploy_type ps", "base_name is not given"),
            ("agent_version 1\ndeploy_type ps\nbase_name a/b", "base_name is \"a/b\""),
            ("agent_version 1\ndeploy_type ps\nbase_name a\ndc_aware yes", "TCE_INTERNAL_IDC"),
        ]
    )
    func `what nodes cannot be named by is told`(_ text: String, _ problem: String) throws {
        let error = #expect(throws: ServingError.self) { try registration(text) }
        #expect(error?.code == .invalidArgument && error?.message.contains(problem) == true)
    }

    @Test func `a deployment has its scope`() throws {
        func scope(_ text: String, _ model: String?) throws -> ClusterScope {
            try configuration("base_path /e\nbzid z\n\(text)").configuration.scope(AgentEnvironment(), model: model)
        }
        let paths = Deployment.paths
        let unified = "agent_version 3\ndeploy_type unified"
        #expect(try scope(unified, "m") == .model(paths, "m"))
        #expect(try scope("\(unified)\nlayout_pattern l", nil) == .layout(paths, layout: "/z/layouts/l"))
        #expect(
            try scope("agent_version 1\ndeploy_type ps\nbase_name m", nil)
                == .service(namespace: "z", baseName: "m", location: nil)
        )
        #expect(throws: ServingError.self) { try scope(unified, nil) }
        #expect(throws: ServingError.self) { try scope(unified, "a:b") }
        let nameless = try configuration("base_path /e\n\(unified)").configuration
        #expect(throws: ServingError.self) { try nameless.scope(AgentEnvironment(), model: "m") }
    }
}
