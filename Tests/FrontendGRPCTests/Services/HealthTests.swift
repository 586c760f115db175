import Inference
import NIOCore
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Synchronization
import Testing

@testable import FrontendGRPC

private typealias Status = Grpc_Health_V1_HealthCheckResponse.ServingStatus

private func check(_ service: String, _ health: ServingHealth) throws -> Status {
    let request = Grpc_Health_V1_HealthCheckRequest.with { $0.service = service }
    let answer = try HealthCheck.answer(ByteBuffer(bytes: request.serializedBytes() as [UInt8]), health)
    return try Grpc_Health_V1_HealthCheckResponse(serializedBytes: answer).status
}

private func next(_ watch: HealthWatch) throws -> Status? {
    try watch.nextMessage().map { try Grpc_Health_V1_HealthCheckResponse(serializedBytes: $0).status }
}

struct HealthTests {
    private static let overallNames = [
        "", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService", "PredictionService",
        "ModelService",
    ]

    @Test(arguments: overallNames)
    func `the service names follow the state of all models`(_ name: String) async throws {
        let serving = TestServing(["a": .halfPlusTwo(), "b": .halfPlusTwo()], requiredModels: ["a", "b"])
        #expect(try check(name, serving.health) == .notServing)
        await serving.serve("a", 1)
        #expect(try check(name, serving.health) == .notServing)
        await serving.serve("b", 1)
        #expect(try check(name, serving.health) == .serving)
        serving.health.beginDraining()
        #expect(try check(name, serving.health) == .notServing)
    }

    @Test func `a model's name follows that model`() async throws {
        let serving = TestServing(["a": .halfPlusTwo()], requiredModels: ["a", "b"])
        await serving.serve("a", 1)
        await serving.serve("b", 1)
        #expect(try check("a", serving.health) == .serving)
        #expect(try check("b", serving.health) == .notServing)
    }

    @Test func `an unknown service is not found`() {
        let serving = TestServing([:])
        let error = #expect(throws: ServingError.self) { try check("nobody", serving.health) }
        #expect(error == .notFound("unknown service or model: nobody"))
    }

    @Test func `a watch tells each state once`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        let changes = Mutex(0)
        let watch = HealthWatch(service: "m", health: serving.health) { changes.withLock { $0 += 1 } }
        #expect(try next(watch) == .serviceUnknown)
        #expect(try next(watch) == nil)
        serving.health.setRequiredModels(["m"])
        #expect(try next(watch) == .notServing)
        await serving.serve("m", 1)
        #expect(changes.withLock { $0 } > 0)
        #expect(try next(watch) == .serving)
        #expect(try next(watch) == nil)
        await serving.serve("m")
        #expect(try next(watch) == .notServing)
        #expect(try next(watch) == nil)
    }

    @Test func `a watch that is gone is not told any more`() {
        let serving = TestServing([:])
        let changes = Mutex(0)
        do {
            let watch = HealthWatch(service: "", health: serving.health) { changes.withLock { $0 += 1 } }
            serving.health.modelsChanged()
            withExtendedLifetime(watch) {}
        }
        serving.health.modelsChanged()
        #expect(changes.withLock { $0 } == 1)
    }

    @Test func `bytes that are no request are an invalid argument`() {
        let error = #expect(throws: ServingError.self) {
            try HealthCheck.service(ByteBuffer(bytes: [0x0A, 0x05, 0x41]))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("The request's 3 bytes are not a grpc.health.v1.HealthCheckRequest") == true)
    }
}
