import Batching
import FrontendREST
import Inference
import Logging
import NIOCore
import NIOPosix
import Servables
import ServerConsole
import ServingTestKit

/// A REST server on a free port over fake models.
struct ServerFixture {
    let server: RESTServer
    let manager: ServableManager
    let health: ServingHealth
    let console: ServerConsole?
    let port: Int
    let group: MultiThreadedEventLoopGroup

    /// Runs `body` against a server whose models, all of version 1, are available.
    static func run(
        _ models: [String: FakeModel] = ["m": .halfPlusTwo()],
        configuration: RESTConfiguration = RESTConfiguration(host: "127.0.0.1", port: 0),
        engineThreads: Int = 2,
        hasConsole: Bool = false,
        _ body: (ServerFixture) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let scheduler = BatchScheduler(threadCount: engineThreads)
        let manager = ServableManager(loaders: FakeLoaderFactory(models, scheduler: scheduler))
        let (changes, continuation) = AsyncStream<Void>.makeStream()
        manager.observe { _, _ in continuation.yield() }
        for name in models.keys {
            let id = ServableID(name: name, version: 1)
            manager.aspire(AspiredVersions(model: name, versions: [AspiredVersion(id: id, path: "")]))
        }
        var waiting = changes.makeAsyncIterator()
        while !models.keys.allSatisfy({ manager.status(of: $0).first?.state == .available }) { await waiting.next() }
        let health = ServingHealth(requiredModels: Array(models.keys), manager: manager)
        let service = InferenceService(manager: manager)
        let console =
            hasConsole
            ? ServerConsole(facts: .init(version: "test", cores: 2), service: service, manager: manager, health: health)
            : nil
        let server = RESTServer(
            configuration: configuration,
            service: service,
            health: health,
            console: console,
            group: group,
            logger: Logger(label: "test")
        )
        let port = try await server.start()
        let fixture = ServerFixture(
            server: server,
            manager: manager,
            health: health,
            console: console,
            port: port,
            group: group
        )
        let result: Result<Void, any Error>
        do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
        await server.shutdown(grace: .seconds(5))
        scheduler.shutdown()
        await manager.shutdown()
        try await group.shutdownGracefully()
        try result.get()
    }

    /// What the server answers to the given bytes; it must end the connection.
    func exchange(_ parts: String..., finishesOutput: Bool = false) async throws -> String {
        try await RawClient(port: port, group: group).exchange(parts, finishesOutput: finishesOutput)
    }

    /// One request on a connection of its own.
    func request(_ method: String, _ path: String, body: String = "") async throws -> Answer {
        let text = try await exchange(
            "\(method) \(path) HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        return Answer(text)
    }
}

/// A response taken apart.
struct Answer {
    var status: Int
    var fields: [String]
    var body: String

    init(_ text: String) {
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts[0].split(separator: "\r\n").map(String.init)
        status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        fields = Array(lines.dropFirst())
        body = parts.count > 1 ? String(parts[1]) : ""
    }
}
