import ServingConfig
import ServingPrimitives
import Testing

@Suite struct ServerConfigurationTests {
    private func configuration(_ change: (inout ServerConfiguration) -> Void) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.models = [.init(name: "m", basePath: "/models/m")]
        change(&configuration)
        return configuration
    }

    @Test func `the defaults have no problem`() {
        #expect(configuration { _ in }.problems().isEmpty)
    }

    static let broken: [(String, @Sendable (inout ServerConfiguration) -> Void)] = [
        ("grpc_port or server_options.grpc_socket_path", { $0.grpc.port = nil }),
        ("gRPC port is 70000", { $0.grpc.port = 70_000 }),
        ("REST port is -1", { $0.rest.port = -1 }),
        ("at most 107 fit", { $0.grpc.socketPath = String(repeating: "s", count: 108) }),
        ("model without a name", { $0.models[0].name = "" }),
        ("Illegal to list model m multiple times", { $0.models.append($0.models[0]) }),
        ("absolute path or URI; got base_path()=models/m", { $0.models[0].basePath = "models/m" }),
        ("load retries is -1", { $0.loading.maximumRetries = -1 }),
        ("empty tag", { $0.loading.savedModelTags = ["serve", ""] }),
        ("empty tag", { $0.loading.savedModelTags = [] }),
        ("tensorflow_intra_op_parallelism is -2", { $0.engine.intraOpParallelism = -2 }),
        ("event loops is 5000", { $0.engine.eventLoops = 5000 }),
        ("drain grace period is -1", { $0.lifecycle.drainGraceSeconds = -1 }),
        (
            "is not possible",
            {
                $0.engine.sessionParallelism = 1
                $0.engine.intraOpParallelism = 1
                $0.engine.interOpParallelism = 1
            }
        ),
    ]

    @Test(arguments: broken.indices)
    func `each problem is named`(index: Int) throws {
        let (text, change) = Self.broken[index]
        let problems = configuration(change).problems()
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        #expect(problem.code == .invalidArgument)
        #expect(problem.message.contains(text))
    }

    @Test func `all problems are listed at once`() {
        let problems = configuration {
            $0.grpc.port = -1
            $0.loading.maximumRetries = -1
            $0.models[0].basePath = "here"
        }.problems()
        #expect(problems.count == 3)
    }

    @Test func `a socket alone is enough for gRPC`() {
        let problems = configuration {
            $0.grpc.port = nil
            $0.grpc.socketPath = "/tmp/socket"
        }.problems()
        #expect(problems.isEmpty)
    }
}
