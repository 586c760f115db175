import ServingPrimitives
import Testing

@testable import ServingConfig

@Suite struct SessionTargetTests {
    @Test(arguments: [
        ("grpc://localhost:2222", "localhost", 2222), ("grpc://10.0.0.1:1", "10.0.0.1", 1),
        ("grpc://[fe80::1]:65535", "fe80::1", 65535), ("grpc://w-0.workers_1:9", "w-0.workers_1", 9),
    ])
    func `a target is a host and a port`(text: String, host: String, port: Int) throws {
        let target = try #require(try SessionTarget.parse(text))
        #expect((target.host, target.port) == (host, port))
    }

    @Test(arguments: ["", "local"]) func `this process is no target`(text: String) throws {
        #expect(try SessionTarget.parse(text) == nil)
    }

    @Test(arguments: [
        "grpc://", "grpc://h", "grpc://h:", "grpc://h:0", "grpc://h:65536", "grpc://:1", "http://h:1", "h:1",
        "grpc://h:1/x", "grpc://a b:1", "grpc://::1:1", "grpc://[h]:1", "grpc://h:1\n", "LOCAL",
        "grpc://\(String(repeating: "h", count: 254)):1",
    ])
    func `anything else is refused`(text: String) {
        #expect(
            throws: ServingError.invalidArgument("session_target is \"\(text)\"; expected grpc://HOST:PORT, or local")
        ) { try SessionTarget.parse(text) }
    }

    @Test func `a model has a cluster or a process of its own`() {
        var model = ServerConfiguration.Model(name: "m", basePath: "/m")
        model.isolation = .process
        #expect(ServerConfiguration.Model.problems(of: [model]).isEmpty)
        model.sessionTarget = "local"
        #expect(ServerConfiguration.Model.problems(of: [model]).isEmpty)
        model.sessionTarget = "grpc://h:1"
        let problem = "Model m asks for a process of its own and for the cluster grpc://h:1; expected one of the two"
        #expect(ServerConfiguration.Model.problems(of: [model]) == [.invalidArgument(problem)])
    }

    @Test(arguments: [0, -1, 86_400_001]) func `a limit of time is a number of milliseconds`(value: Int) {
        var configuration = ServerConfiguration()
        configuration.cluster.timeoutMilliseconds = value
        let problem = "session_target_timeout_ms is \(value); expected a number from 1 to 86400000"
        #expect(configuration.problems().contains(.invalidArgument(problem)))
    }
}
