import EngineInterface
import Glibc
import Logging
import NIOCore
import NIOPosix
import ServingConfig
import ServingPrimitives
import ServingTestKit
import Testing

@testable import ModelServing

/// The whole server in one process, with a fake engine and real sockets.
@Suite struct ModelServerTests {
    private let models = TemporaryModels()

    private func configuration(_ names: [String]) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.grpc.host = "127.0.0.1"
        configuration.grpc.port = 0
        configuration.rest.host = "127.0.0.1"
        configuration.rest.port = 0
        configuration.models = names.map { .init(name: $0, basePath: models.basePath(of: $0)) }
        configuration.lifecycle.drainGraceSeconds = 30
        return configuration
    }

    private func server(_ fakes: [String: FakeModel], _ configuration: ServerConfiguration) throws -> ModelServer {
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        return try ModelServer(configuration: configuration, engine: FakeEngine(fakes), logger: logger)
    }

    /// Asks until the answer is the one waited for; a server that never gives it fails the test by its time limit.
    private func wait(for status: String, at path: String, port: Int) async {
        while !Task.isCancelled, !PlainHTTP.get(path, port: port).hasPrefix("HTTP/1.1 \(status)") { await Task.yield() }
    }

    @Test(.timeLimit(.minutes(1)))
    func `ports open before any model is there, and readiness tells the truth`() async throws {
        let server = try server(["half": .halfPlusTwo()], configuration(["half"]))
        try await server.run { addresses in
            let port = addresses.restPort ?? 0
            #expect(addresses.grpcPort ?? 0 > 0 && port > 0)
            #expect(PlainHTTP.get("/v2/health/live", port: port).hasPrefix("HTTP/1.1 200"))
            #expect(PlainHTTP.get("/v2/health/ready", port: port).hasPrefix("HTTP/1.1 503"))
            let refusal = PlainHTTP.post("/v1/models/half:predict", #"{"instances": [1.0]}"#, port: port)
            #expect(refusal.hasPrefix("HTTP/1.1 404"))
            #expect(refusal.contains("Servable not found for request: Latest(half)"))

            models.publish("half", version: 3)
            await wait(for: "200", at: "/v2/health/ready", port: port)
            let answer = PlainHTTP.post("/v1/models/half:predict", #"{"instances": [1.0, 2.0]}"#, port: port)
            #expect(answer.hasSuffix("{\n    \"predictions\": [2.5, 3.0\n    ]\n}"))
            #expect(PlainHTTP.get("/v1/models/half/versions/3", port: port).contains("AVAILABLE"))
        }
        await server.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `one model that cannot load keeps the server not ready and the others serving`() async throws {
        models.publish("half", version: 1)
        models.publish("broken", version: 1)
        var configuration = configuration(["half", "broken"])
        configuration.loading.maximumRetries = 0
        let server = try server(["half": .halfPlusTwo()], configuration)
        try await server.run { addresses in
            let port = addresses.restPort ?? 0
            await wait(for: "200", at: "/v2/models/half/ready", port: port)
            while !Task.isCancelled, !PlainHTTP.get("/v1/models/broken", port: port).contains("END") {
                await Task.yield()
            }
            #expect(PlainHTTP.get("/v1/models/broken", port: port).contains("no fake model for"))
            #expect(PlainHTTP.get("/v2/health/ready", port: port).hasPrefix("HTTP/1.1 503"))
            #expect(PlainHTTP.post("/v1/models/half:predict", #"{"instances": [0]}"#, port: port).contains("[2.0"))
        }
        await server.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a drain lets the answer in flight finish and takes no new connection`() async throws {
        let (entered, release) = (Gate(), Gate())
        let half = FakeModel.halfPlusTwo()
        let slow = FakeModel(signatures: half.signatures) { (request) throws(ServingError) in
            entered.open()
            release.wait()
            return try half.run(request)
        }
        models.publish("slow", version: 1)
        let server = try server(["slow": slow], configuration(["slow"]))
        let answer = Gate()
        try await server.run { addresses in
            let port = addresses.restPort ?? 0
            await wait(for: "200", at: "/v2/health/ready", port: port)
            startThread(named: "client") {
                let text = PlainHTTP.post("/v1/models/slow:predict", #"{"instances": [4]}"#, port: port)
                #expect(text.hasPrefix("HTTP/1.1 200") && text.contains("[4.0"))
                answer.open()
            }
            startThread(named: "release") {
                entered.wait()
                while PlainHTTP.get("/v2/health/live", port: port).hasPrefix("HTTP/1.1 200") { sched_yield() }
                release.open()
            }
            await withCheckedContinuation { continuation in
                startThread(named: "entered") {
                    entered.wait()
                    continuation.resume()
                }
            }
        }
        await server.shutdown()
        answer.wait()
        #expect(slow.isClosed)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a port that is taken is named, and nothing stays open`() async throws {
        let taken = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(taken.localAddress?.port)
        var configuration = configuration(["half"])
        configuration.rest.port = port
        let server = try server([:], configuration)
        let error = await #expect(throws: ServingError.self) { try await server.run { _ in } }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("cannot listen for REST on port \(port)") == true)
        try await taken.close()
        await server.shutdown()
    }
}
