import Cluster
import Testing

@Suite struct AgentReplicasTests {
    private static let own = AgentEndpoints(host: "10.0.0.1", grpcPort: 8500, furtherPorts: [.ps: 8600])

    private func replicas(
        _ version: Int,
        _ routes: [String: [String]],
        own states: [String: Bool] = [:],
        isOpen: Bool = true
    ) throws -> AgentReplicas {
        let type = version == 1 ? "mixed" : "unified"
        return AgentReplicas(
            try configuration("base_path /e\nagent_version \(version)\ndeploy_type \(type)").configuration,
            routes: routes.mapValues { KnownCluster.Route($0.map(Deployment.address)) },
            states: states.mapValues { ServedState(state: 30, answers: $0) },
            endpoints: isOpen ? Self.own : nil
        )
    }

    @Test func `this container is told as it is now, not as the store has it`() throws {
        let routes = ["m:ps_0": ["10.0.0.1:8500", "b:2"], "m:ps_1": ["10.0.0.1:8500"], "m:entry": ["b:2"]]
        let replicas = try replicas(3, routes, own: ["m:ps_0": false, "m:ps_2": true])
        #expect(replicas.heartbeat(.ps) == ["m:ps_0": ["b:2"], "m:ps_2": ["10.0.0.1:8500"], "m:entry": ["b:2"]])
        #expect(replicas.elsewhere.mapValues { $0.map(\.description) } == ["m:ps_0": ["b:2"], "m:entry": ["b:2"]])
    }

    @Test func `before it answers it tells of the others only`() throws {
        let replicas = try replicas(3, ["m:ps_0": ["b:2"]], own: ["m:ps_1": true], isOpen: false)
        #expect(replicas.heartbeat(.entry) == ["m:ps_0": ["b:2"]])
    }

    @Test(
        arguments: [
            (.ps, ["ps:0": ["b:2", "10.0.0.1:8600"], "ps:11": ["c:3"]]), (.entry, ["entry:0": ["10.0.0.1:8500"]]),
            (.dense, ["dense:0": ["d:4"]]),
        ] as [(AgentConfiguration.DeployType, [String: [String]])]
    )
    func `version 1 tells of one part by its own names`(
        _ type: AgentConfiguration.DeployType,
        _ expected: [String: [String]]
    ) throws {
        let routes = ["ps_0": ["b:2"], "ps_11": ["c:3"], "dense_0": ["d:4"], "ps_item_embedding_0": ["e:5"]]
        #expect(try replicas(1, routes, own: ["ps_0": true, "entry": true]).heartbeat(type) == expected)
    }

    @Test(
        arguments: [
            (3, .ps, 0, "a", ["a:1"]), (3, .ps, 0, "b", ["b:2"]), (3, .ps, 0, "", []), (3, .ps, 1, "", ["c:3"]),
            (3, .entry, 0, "a", ["d:4"]), (3, .entry, 1, "a", []), (3, .ps, -1, "a", []), (3, .dense, 0, "a", []),
            (1, .ps, 0, "whatever", ["e:5"]), (1, .entry, 0, "", ["f:6"]), (1, .ps, 5, "", []),
        ] as [(Int, AgentConfiguration.DeployType, Int, String, [String])]
    )
    func `one part of one model`(
        _ version: Int,
        _ type: AgentConfiguration.DeployType,
        _ task: Int,
        _ model: String,
        _ expected: [String]
    ) throws {
        let routes = [
            "a:ps_0": ["a:1"], "b:ps_0": ["b:2"], "a:ps_1": ["c:3"], "a:entry": ["d:4"], "ps_0": ["e:5"],
            "entry": ["f:6"],
        ].filter { ($0.key.contains(":")) == (version == 3) }
        #expect(try replicas(version, routes).replicas(type, task, model: model) == expected)
    }
}
