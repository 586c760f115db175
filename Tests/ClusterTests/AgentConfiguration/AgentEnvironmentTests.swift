import Cluster
import ServingPrimitives
import Testing

@Suite struct AgentEnvironmentTests {
    @Test func `variables say where a container is`() throws {
        let found = try AgentEnvironment([
            "SHARD_ID": "2", "MONOLITH_HOST_SHARD_N": "4", "MY_POD_NAME": "pod-7", "TCE_INTERNAL_IDC": "LQ",
            "TCE_PSM": "a.b.c",
            "TCE_CLUSTER": "Default", "TCE_PHYSICAL_CLUSTER": "Other", "PORT": "1", "PORT3": "8500", "MY_CPU_LIMIT": "",
        ])
        #expect(found.shardID == 2 && found.shardCount == 4 && found.cpuLimit == nil)
        #expect(found.ports == [1: 1, 3: 8500])
        #expect(found.container(localAddress: "10.0.0.1").description == "a.b.c;lq;default:pod-7")
        #expect(AgentEnvironment().container(localAddress: "10.0.0.1").description == "unknown;None;None:10.0.0.1")
    }

    @Test func `what is no number is told`() {
        let error = #expect(throws: ServingError.self) { try AgentEnvironment(["SHARD_ID": "a", "PORT2": "65536"]) }
        #expect(
            error?.message
                == "SHARD_ID is \"a\"; expected a whole number from -1 to 1000000; PORT2 is \"65536\"; expected a whole "
                + "number from 0 to 65535"
        )
    }

    /// Digests are those of `md5sum`.
    @Test(
        arguments: [
            ("pod_name", 0x5D_D72F_59DE as Int64), ("", -1), ("a", 0xF1_B6A8_31C3),
            ("a-rather-long-name-of-a-pod-which-takes-more-than-one-block-of-the-digest-0", 0x8A_4D0E_55A0),
        ]
    )
    func `the number of a replica is made of its pod's name`(_ name: String, _ id: Int64) throws {
        let environment = try AgentEnvironment(["MY_POD_NAME": name, "REPLICA_ID": "3"])
        var first = AgentConfiguration()
        #expect(environment.replicaID(first) == id)
        first.replicaID = 9
        #expect(environment.replicaID(first) == 9)
        var third = AgentConfiguration()
        third.version = 3
        #expect(environment.replicaID(third) == 3)
    }

    @Test func `configuration and environment agree about shards`() throws {
        var configuration = AgentConfiguration()
        #expect(try AgentEnvironment().shardContext(configuration).context == ShardContext())
        configuration.shardCount = 3
        #expect(
            try AgentEnvironment().shardContext(configuration).warnings
                == ["SHARD_ID is not set: this is taken for shard 0 of 3"]
        )
        let third = try AgentEnvironment(["SHARD_ID": "2"])
        #expect(try third.shardContext(configuration).context == ShardContext(shardID: 2, shardCount: 3))
        for variables in [["MONOLITH_HOST_SHARD_N": "4"], ["SHARD_ID": "3"]] {
            let environment = try AgentEnvironment(variables)
            #expect(throws: ServingError.self) { try environment.shardContext(configuration) }
        }
    }
}
