import HTTP2Server
import NIOCore
import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Testing

@testable import FrontendGRPC

@Suite struct HandleReloadConfigRequestTests {
    private func read(_ request: Tensorflow_Serving_ReloadConfigRequest) throws -> (RequestedModels, metrics: [String])
    {
        try HandleReloadConfigRequest.read(ByteBuffer(bytes: request.serializedBytes() as [UInt8]))
    }

    @Test func `a list of models and the names of metrics are read`() throws {
        var request = Tensorflow_Serving_ReloadConfigRequest()
        request.config.modelConfigList.config = [
            .with {
                $0.name = "m"
                $0.basePath = "/m"
                $0.modelPlatform = "tensorflow"
            }
        ]
        request.metricNames = ["/b", "/a"]
        let (requested, metrics) = try read(request)
        #expect(requested == .list([.init(name: "m", basePath: "/m")]))
        #expect(metrics == ["/b", "/a"])
    }

    @Test func `an empty list is a list`() throws {
        var request = Tensorflow_Serving_ReloadConfigRequest()
        request.config.modelConfigList = .init()
        #expect(try read(request).0 == .list([]))
    }

    @Test(arguments: [false, true])
    func `anything else than a list is refused`(isCustom: Bool) {
        var request = Tensorflow_Serving_ReloadConfigRequest()
        if isCustom { request.config.customModelConfig = .init() }
        let text =
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently "
            + "supported"
        #expect(throws: ServingError.invalidArgument(text)) { try read(request) }
    }

    @Test func `bytes that are no request are refused`() {
        let error = #expect(throws: ServingError.self) {
            try HandleReloadConfigRequest.read(ByteBuffer(bytes: [0x0A, 0x05]))
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `the answer has a status and the metrics in the order they were named in`() throws {
        let bytes = try HandleReloadConfigRequest.answer([("/b", 3), ("/a", 0)])
        let response = try Tensorflow_Serving_ReloadConfigResponse(serializedBytes: bytes)
        #expect(response.hasStatus && response.status.errorCode == .ok && response.status.errorMessage.isEmpty)
        #expect(response.metric.map(\.name) == ["/b", "/a"])
        #expect(response.metric.map(\.int64ValueIncrease) == [3, 0])
        #expect(response.metric.allSatisfy { $0.valueIncrease != nil }, "an increase of 0 is stated, too")
    }
}

/// A control whose reloads end when the test cancels them, or at once.
private struct FakeControl: ModelControl {
    var waits = false
    var error: ServingError?

    func reload(
        _ requested: RequestedModels,
        metrics: [String]
    ) async throws(ServingError) -> [(name: String, increase: Int64)] {
        if waits { for await _ in AsyncStream<Never>(Never.self, { _ in }) {} }
        if let error { throw error }
        return metrics.map { ($0, 1) }
    }

    func load(_ name: String, _ settings: ModelSettings) async throws(ServingError) { if let error { throw error } }

    func unload(_ name: String) async throws(ServingError) { if let error { throw error } }

    func knownModels() async -> [String] { [] }

    func reloadFile() async throws(ServingError) -> Bool { false }
}

@Suite struct ReloadCallTests {
    private static let request: [UInt8] = {
        var request = Tensorflow_Serving_ReloadConfigRequest()
        request.config.modelConfigList = .init()
        request.metricNames = ["/m"]
        // The test's own message.
        return (try? request.serializedBytes()) ?? []
    }()

    @Test func `a reload is answered`() async throws {
        try await withConnection(TestServing([:], control: FakeControl())) { client in
            let answer = await client.call(.handleReloadConfigRequest, Self.request)
            let response = try Tensorflow_Serving_ReloadConfigResponse(serializedBytes: answer.message)
            #expect(response.metric.map(\.name) == ["/m"])
        }
    }

    @Test func `a reload that fails is answered with its error`() async throws {
        let control = FakeControl(error: .failedPrecondition("no"))
        try await withConnection(TestServing([:], control: control)) { client in
            let answer = await client.call(.handleReloadConfigRequest, Self.request)
            #expect(answer.headers["grpc-status"] == "9")
            #expect(answer.headers["grpc-message"] == "no")
        }
    }

    @Test func `a server whose models stay as they are says so`() async throws {
        try await withConnection(TestServing([:])) { client in
            let answer = await client.call(.handleReloadConfigRequest, Self.request)
            #expect(answer.headers["grpc-status"] == "12")
        }
    }

    @Test func `a reload that waits ends with its deadline`() async throws {
        try await withConnection(TestServing([:], control: FakeControl(waits: true))) { client in
            let answer = await client.call(
                .handleReloadConfigRequest,
                Self.request,
                [HTTP2HeaderField("grpc-timeout", "20m")]
            )
            #expect(answer.headers["grpc-status"] == "4")
        }
    }

    @Test func `a reload that waits holds up no shutdown`() async throws {
        try await withServer(TestServing([:], control: FakeControl(waits: true))) { server, listeners in
            let client = try await GRPCTestClient.connect(to: listeners[0])
            let call = client.open(GRPCMethod.handleReloadConfigRequest.rawValue)
            call.send(framed(Self.request), endStream: true)
            // Answered after the reload was begun: both calls are read by one loop, in order.
            _ = await client.call(.healthCheck, [])
            async let shutdown: Void = server.shutdown(gracePeriod: .seconds(60))
            let end = await call.response()
            #expect(end.headers["grpc-status"] == "14")
            #expect(end.headers["grpc-message"] == "The server is shutting down")
            await shutdown
        }
    }
}
