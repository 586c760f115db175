import ServingConfig
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Testing

@testable import FrontendGRPC

@Suite struct AgentServiceTests {
    private struct Directory: ReplicaDirectory {
        var container: ContainerFacts

        func addresses(of kind: ReplicaKind) -> [String: [String]] { ["\(kind)": ["a:1", "b:2"]] }

        func addresses(of kind: ReplicaKind, task: Int, model: String) -> [String] { ["\(kind) \(task) \(model)"] }
    }

    private let serving = TestServing(["m": .halfPlusTwo()])
    private static let facts = ContainerFacts(address: "h:1", shardID: 3, replicaID: 7, availableMemory: 1 << 40)

    @Test func `entries are told where replicas are`() async throws {
        try await withConnection(serving, replicas: Directory(container: Self.facts)) { client in
            let beat = Monolith_Serving_AgentService_HeartBeatRequest.with { $0.serverType = .dense }
            let beats = try Monolith_Serving_AgentService_HeartBeatResponse(
                serializedBytes: await client.call(.heartBeat, try beat.serializedBytes()).message
            )
            #expect(beats.addresses.mapValues(\.address) == ["dense": ["a:1", "b:2"]])
            let request = Monolith_Serving_AgentService_GetReplicasRequest.with {
                ($0.serverType, $0.task, $0.modelName) = (.entry, -1, "m")
            }
            let replicas = try Monolith_Serving_AgentService_GetReplicasResponse(
                serializedBytes: await client.call(.getReplicas, try request.serializedBytes()).message
            )
            #expect(replicas.addressList.address == ["entry -1 m"])
        }
    }

    @Test(arguments: [(7, 7), (1 << 40, -1), (-1, -1)] as [(Int64, Int32)])
    func `what a field cannot hold is not told`(_ number: Int64, _ expected: Int32) async throws {
        var facts = Self.facts
        facts.replicaID = number
        try await withConnection(serving, replicas: Directory(container: facts)) { client in
            let resource = try Monolith_Serving_AgentService_GetResourceResponse(
                serializedBytes: await client.call(.getResource, []).message
            )
            #expect(resource.address == "h:1" && resource.shardID == 3 && resource.memory == 1 << 40)
            #expect(resource.replicaID == expected)
        }
    }

    @Test func `each port has its own methods`() async throws {
        try await withConnection(serving) { client in
            for method in [GRPCMethod.heartBeat, .getReplicas, .getResource] {
                #expect(await client.call(method, []).grpcStatus == 12)
            }
        }
        try await withConnection(serving, replicas: Directory(container: Self.facts)) { client in
            let others = GRPCMethod.allCases.filter { !$0.isForAgents && $0 != .healthCheck && $0 != .healthWatch }
            for method in others { #expect(await client.call(method, []).grpcStatus == 12) }
            #expect(await client.call(.healthCheck, []).grpcStatus == 0)
        }
    }

    @Test func `what is no request is refused`() async throws {
        try await withConnection(serving, replicas: Directory(container: Self.facts)) { client in
            #expect(await client.call(.heartBeat, [0x08, 0x09]).grpcStatus == 3)
            #expect(await client.call(.heartBeat, [0xFF]).grpcStatus == 3)
            #expect(await client.call(.getReplicas, [0x08]).grpcStatus == 3)
        }
    }
}
