import HTTP2Server
import Inference
import ServingPrimitives
import ServingTestKit
import Testing

@testable import FrontendGRPC

/// Deadlines, cancellation and lost connections. One engine thread, held up by a run that waits for the test.
struct CallEndTests {
    private let gated = GatedModel()
    private let serving: TestServing

    init() async {
        serving = TestServing(
            ["gated": gated.model, "m": .halfPlusTwo()],
            threadCount: 1
        )
        await serving.serve("gated", 1)
        await serving.serve("m", 1)
    }

    private func openPredict(
        _ client: GRPCTestClient,
        _ model: String,
        _ fields: [HTTP2HeaderField] = []
    ) throws -> GRPCTestStream {
        let stream = client.open(GRPCMethod.predict.rawValue, fields)
        stream.send(framed(try predictRequest(model: model)), endStream: true)
        return stream
    }

    /// Calls that are taken from the queue after this one have seen everything before it happen.
    private func drainEngine(_ client: GRPCTestClient) async throws {
        let response = try await openPredict(client, "m").response()
        #expect(response.grpcStatus == 0)
    }

    @Test func `a deadline is answered while the run goes on, and only once`() async throws {
        try await withConnection(serving) { client in
            let stream = try openPredict(client, "gated", [HTTP2HeaderField("grpc-timeout", "50m")])
            await gated.waitForRun()
            let response = await stream.response()
            #expect(response.grpcStatus == CanonicalCode.deadlineExceeded.rawValue)
            #expect(response.grpcMessage == "Deadline Exceeded")
            #expect(response.trailers == nil)
            gated.release()
            try await drainEngine(client)
        }
    }

    @Test func `a call whose deadline passes in the queue is not run`() async throws {
        try await withConnection(serving) { client in
            let first = try openPredict(client, "gated")
            await gated.waitForRun()
            let queued = try openPredict(client, "gated", [HTTP2HeaderField("grpc-timeout", "20m")])
            #expect(await queued.response().grpcStatus == CanonicalCode.deadlineExceeded.rawValue)
            gated.release()
            #expect(await first.response().grpcStatus == 0)
            try await drainEngine(client)
            #expect(gated.runCount == 1)
        }
    }

    @Test func `a call that the client resets in the queue is not run`() async throws {
        try await withConnection(serving) { client in
            let first = try openPredict(client, "gated")
            await gated.waitForRun()
            try openPredict(client, "gated").reset()
            // Answered by the event loop after it has read the reset.
            #expect(await client.call(.healthCheck, []).grpcStatus == 0)
            gated.release()
            #expect(await first.response().grpcStatus == 0)
            try await drainEngine(client)
            #expect(gated.runCount == 1)
        }
    }

    @Test func `calls of a connection that is lost are not run`() async throws {
        try await withServer(serving) { server, listeners in
            let lost = try await GRPCTestClient.connect(to: listeners[0])
            let other = try await GRPCTestClient.connect(to: listeners[0])
            _ = try openPredict(lost, "gated")
            await gated.waitForRun()
            _ = try openPredict(lost, "gated")
            #expect(await lost.call(.healthCheck, []).grpcStatus == 0)
            try await lost.close()
            while server.connectionCount > 1 { await Task.yield() }
            gated.release()
            try await drainEngine(other)
            #expect(gated.runCount == 1)
        }
    }

    @Test func `a deadline also ends a call whose request never comes`() async throws {
        try await withConnection(serving) { client in
            let stream = client.open(GRPCMethod.predict.rawValue, [HTTP2HeaderField("grpc-timeout", "10m")])
            #expect(await stream.response().grpcStatus == CanonicalCode.deadlineExceeded.rawValue)
        }
    }

    @Test func `a call that is answered in time leaves no deadline behind`() async throws {
        try await withConnection(serving) { client in
            for timeout in ["1H", "10S", "1M", "20S"] {
                let response = await client.call(
                    .predict,
                    try predictRequest(),
                    [HTTP2HeaderField("grpc-timeout", timeout)]
                )
                #expect(response.grpcStatus == 0)
            }
        }
    }
}
