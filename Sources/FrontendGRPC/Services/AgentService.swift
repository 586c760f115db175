import NIOCore
import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf

/// `monolith.serving.agent_service.AgentService`: tells entries where the shards they ask answer.
enum AgentService {
    private typealias ServerType = Monolith_Serving_AgentService_ServerType

    static func heartBeat(_ message: ByteBuffer, _ services: GRPCServices) throws(ServingError) -> [UInt8] {
        let request = try Monolith_Serving_AgentService_HeartBeatRequest(reading: message)
        let addresses = try directory(services).addresses(of: try kind(request.serverType))
        var response = Monolith_Serving_AgentService_HeartBeatResponse()
        response.addresses = addresses.mapValues { list in .with { $0.address = list } }
        return try response.encoded()
    }

    static func replicas(_ message: ByteBuffer, _ services: GRPCServices) throws(ServingError) -> [UInt8] {
        let request = try Monolith_Serving_AgentService_GetReplicasRequest(reading: message)
        let addresses = try directory(services).addresses(
            of: try kind(request.serverType),
            task: Int(request.task),
            model: request.modelName
        )
        var response = Monolith_Serving_AgentService_GetReplicasResponse()
        response.addressList = .with { $0.address = addresses }
        return try response.encoded()
    }

    static func resource(_ services: GRPCServices) throws(ServingError) -> [UInt8] {
        let facts = try directory(services).container
        return try Monolith_Serving_AgentService_GetResourceResponse.with {
            $0.address = facts.address
            $0.shardID = Int32(clamping: facts.shardID)
            // Numbers made of a pod's name have 40 bits, the field has 32.
            $0.replicaID = Int32(exactly: facts.replicaID) ?? -1
            $0.memory = facts.availableMemory
            ($0.cpu, $0.network, $0.workLoad) = (-1, -1, -1)
        }.encoded()
    }

    private static func directory(_ services: GRPCServices) throws(ServingError) -> any ReplicaDirectory {
        guard let replicas = services.replicas else { throw .internalError("a port without agents has their methods") }
        return replicas
    }

    private static func kind(_ type: ServerType) throws(ServingError) -> ReplicaKind {
        switch type {
        case .ps: return .ps
        case .entry: return .entry
        case .dense: return .dense
        case .UNRECOGNIZED(let number):
            throw .invalidArgument("server_type is \(number); expected 0 (PS), 1 (ENTRY) or 2 (DENSE)")
        }
    }
}
