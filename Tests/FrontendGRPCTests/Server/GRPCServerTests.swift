import Glibc
import HTTP2Server
import Inference
import NIOCore
import NIOPosix
import NIOSSL
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Testing

@testable import FrontendGRPC

struct GRPCServerTests {
    private let serving = TestServing(["m": .halfPlusTwo()])

    private func expectPrediction(_ listener: GRPCListener, tls: NIOSSLContext? = nil) async throws {
        await serving.serve("m", 1)
        let client = try await GRPCTestClient.connect(to: listener, tls: tls)
        #expect(try predictedValues(await client.call(.predict, try predictRequest([1]))) == [2.5])
        try await client.close()
    }

    @Test func `a server listens on several ports and a Unix socket at once`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let tcp = GRPCListener.tcp(host: "127.0.0.1", port: 0)
            try await withServer(serving, listeners: [tcp, .unixSocket(path: path), tcp]) { _, bound in
                #expect(bound.count == 3)
                #expect(Set(bound).count == 3)
                #expect(!bound.contains(tcp))
                for listener in bound { try await expectPrediction(listener) }
            }
            #expect(access(path, F_OK) != 0, "a stopped server removes its socket")
        }
    }

    @Test func `calls come over TLS when the server has a certificate`() async throws {
        try await withServer(serving, tls: try TestTLS.server()) { server, bound in
            try await expectPrediction(bound[0], tls: try TestTLS.client())
        }
    }

    @Test func `a second server is refused the socket of a live one`() async throws {
        try await withTemporaryFolder { folder in
            let listener = GRPCListener.unixSocket(path: folder + "/s")
            try await withServer(serving, listeners: [listener]) { _, _ in
                let error = await #expect(throws: ServingError.self) {
                    try await withServer(serving, listeners: [listener]) { _, _ in }
                }
                #expect(error?.message.hasPrefix("another server is listening on") == true)
                try await expectPrediction(listener)
            }
        }
    }

    @Test func `a port that is taken fails the start with its name and frees the others`() async throws {
        try await withServer(serving) { _, bound in
            try await withTemporaryFolder { folder in
                let free = GRPCListener.unixSocket(path: folder + "/s")
                let error = await #expect(throws: ServingError.self) {
                    try await withServer(serving, listeners: [free, bound[0]]) { _, _ in }
                }
                #expect(error?.code == .unavailable)
                #expect(error?.message.hasPrefix("cannot listen for gRPC on \(bound[0]): ") == true)
                #expect(access(folder + "/s", F_OK) != 0)
            }
        }
    }

    @Test func `a draining server finishes calls in flight and takes no new connection`() async throws {
        let gated = GatedModel()
        let serving = TestServing(["gated": gated.model])
        await serving.serve("gated", 1)
        // A Unix socket: a TCP port that was closed can be another test's in the next moment.
        try await withTemporaryFolder { folder in
            let listener = GRPCListener.unixSocket(path: folder + "/s")
            try await withServer(serving, listeners: [listener]) { server, _ in
                let client = try await GRPCTestClient.connect(to: listener)
                let stream = client.open(GRPCMethod.predict.rawValue)
                stream.send(framed(try predictRequest([7], model: "gated")), endStream: true)
                await gated.waitForRun()
                async let shutdown: Void = server.shutdown(gracePeriod: .seconds(60))
                _ = await client.goAway()
                await #expect(throws: (any Error).self) { try await GRPCTestClient.connect(to: listener) }
                gated.release()
                #expect(try predictedValues(await stream.response(), "x") == [7])
                try await client.waitUntilClosed()
                await shutdown
                #expect(server.connectionCount == 0)
            }
        }
    }

    @Test func `calls that outlast the grace period are cut off`() async throws {
        let gated = GatedModel()
        let serving = TestServing(["gated": gated.model])
        await serving.serve("gated", 1)
        try await withServer(serving) { server, listeners in
            let client = try await GRPCTestClient.connect(to: listeners[0])
            let stream = client.open(GRPCMethod.predict.rawValue)
            stream.send(framed(try predictRequest(model: "gated")), endStream: true)
            await gated.waitForRun()
            await server.shutdown(gracePeriod: .zero)
            #expect(await stream.response().connectionClosed)
            gated.release()
        }
    }

    @Test func `a health watch follows the model and ends when the server drains`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        try await withServer(serving) { server, listeners in
            let client = try await GRPCTestClient.connect(to: listeners[0])
            let watch = client.open(GRPCMethod.healthWatch.rawValue)
            let name: [UInt8] = try Grpc_Health_V1_HealthCheckRequest.with { $0.service = "m" }.serializedBytes()
            watch.send(framed(name), endStream: true)
            #expect(await watch.nextMessage() == [8, 3])
            serving.health.setRequiredModels(["m"])
            await serving.serve("m", 1)
            // The states on the way to AVAILABLE may be told or not, depending on when the event loop looks.
            var state = await watch.nextMessage()
            while state == [8, 2] { state = await watch.nextMessage() }
            #expect(state == [8, 1])
            serving.health.beginDraining()
            #expect(await watch.nextMessage() == [8, 2])
            async let shutdown: Void = server.shutdown(gracePeriod: .seconds(60))
            let end = await watch.response()
            #expect(end.body.isEmpty)
            #expect(end.headers["grpc-status"] == "14")
            #expect(end.headers["grpc-message"] == "The server is shutting down")
            await shutdown
        }
    }

    @Test func `a watch that the client ends is forgotten`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        try await withConnection(serving) { client in
            let watch = client.open(GRPCMethod.healthWatch.rawValue)
            watch.send(framed([]), endStream: true)
            #expect(await watch.nextMessage() == [8, 1])
            watch.reset()
            serving.health.beginDraining()
            #expect(await client.call(.healthCheck, []).message == [8, 2])
        }
    }
}
