import NIOCore
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Testing

@testable import FrontendGRPC

struct GetModelStatusTests {
    private func ask(
        _ serving: TestServing,
        _ fill: (inout Tensorflow_Serving_GetModelStatusRequest) -> Void
    ) throws -> [Tensorflow_Serving_ModelVersionStatus] {
        let request = try Tensorflow_Serving_GetModelStatusRequest.with(fill).serializedBytes() as [UInt8]
        let answer = try GetModelStatus.answer(ByteBuffer(bytes: request), serving.services()) { _ in }
        return try Tensorflow_Serving_GetModelStatusResponse(serializedBytes: answer).modelVersionStatus
    }

    @Test func `all versions are listed, newest first, each with a status`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        await serving.serve("m", 2, 3)
        let versions = try ask(serving) { $0.modelSpec.name = "m" }
        #expect(versions.map(\.version) == [3, 2, 1])
        #expect(versions.map(\.state) == [.available, .available, .end])
        #expect(versions.allSatisfy { $0.hasStatus && $0.status.errorCode == .ok && $0.status.errorMessage.isEmpty })
    }

    @Test func `a failed load is listed with its reason`() async throws {
        let serving = TestServing([:])
        await serving.serve("broken", 4)
        let version = try #require(try ask(serving) { $0.modelSpec.name = "broken" }.first)
        #expect(version.state == .end)
        #expect(version.status.errorCode == .notFound)
        #expect(version.status.errorMessage.contains("no fake model for"))
    }

    @Test func `a version given is the only one listed`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1, 2)
        let versions = try ask(serving) {
            $0.modelSpec.name = "m"
            $0.modelSpec.version = .init(1)
        }
        #expect(versions.map(\.version) == [1])
    }

    @Test func `a label is ignored`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1, 2)
        let versions = try ask(serving) {
            $0.modelSpec.name = "m"
            $0.modelSpec.versionLabel = "no such label"
        }
        #expect(versions.count == 2)
    }

    @Test func `requests that name nothing known are refused as TensorFlow Serving does`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        let cases: [((inout Tensorflow_Serving_GetModelStatusRequest) -> Void, ServingError)] = [
            ({ _ in }, .invalidArgument("Missing ModelSpec")),
            ({ $0.modelSpec = .init() }, .notFound("Could not find any versions of model ")),
            ({ $0.modelSpec.name = "x" }, .notFound("Could not find any versions of model x")),
            (
                {
                    $0.modelSpec.name = "m"
                    $0.modelSpec.version = .init(0)
                }, .notFound("Could not find version 0 of model m")
            ),
        ]
        for (fill, expected) in cases {
            #expect(throws: expected) { try ask(serving, fill) }
        }
    }
}
