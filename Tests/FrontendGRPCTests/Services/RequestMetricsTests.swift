import Inference
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Testing

@testable import FrontendGRPC
@testable import ServingMetrics

struct RequestMetricsTests {
    @Test func `calls are counted by model and status`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        try await withConnection(serving) { client in
            _ = await client.call(.predict, try predictRequest())
            _ = await client.call(.predict, try predictRequest())
            var unknown = Tensorflow_Serving_PredictRequest()
            unknown.modelSpec.name = "n"
            _ = await client.call(.predict, try unknown.serializedBytes())
            // No model is named, and one whose tensor cannot be read.
            _ = await client.call(.predict, [])
            var unreadable = Tensorflow_Serving_PredictRequest()
            unreadable.modelSpec.name = "m"
            unreadable.inputs["x"] = Tensorflow_TensorProto()
            _ = await client.call(.classify, try unreadable.serializedBytes())
            _ = await client.call(.predict, try unreadable.serializedBytes())
        }
        let counts = count(serving)
        #expect(counts[["m", "OK"]] == 2)
        #expect(counts[["n", "NOT_FOUND"]] == 1)
        #expect(counts[["", "INVALID_ARGUMENT"]] == 1)
        #expect(counts[["m", "INVALID_ARGUMENT"]] == 2)
        #expect(counts.count == 4)
    }

    @Test func `a message that is none and calls of other methods are not counted`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        try await withConnection(serving) { client in
            _ = await client.call(.predict, [0xFF])
            var status = Tensorflow_Serving_GetModelStatusRequest()
            status.modelSpec.name = "m"
            _ = await client.call(.getModelStatus, try status.serializedBytes())
            _ = await client.call(.multiInference, [])
        }
        #expect(count(serving).isEmpty)
    }

    private func count(_ serving: TestServing) -> [[String]: Int64] {
        var counts: [[String]: Int64] = [:]
        for (values, cell) in serving.inference.metrics.requestCount.usedCells() { counts[values] = cell.value }
        return counts
    }
}
