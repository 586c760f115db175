import ServingConfig
import ServingPrimitives
import Testing

private typealias Model = ServerConfiguration.Model

private func model(
    _ name: String = "m",
    _ path: String = "/p",
    platform: String = "tensorflow",
    type: Int = 0
) -> Model {
    var model = Model(name: name, basePath: path)
    model.platform = ModelPlatform(name: platform, deprecatedType: type)
    return model
}

@Suite struct ModelProblemsTests {
    @Test func `models of different names with absolute paths have no problem`() {
        #expect(Model.problems(of: [model("a"), model("b", "file:///p"), model("c", platform: "", type: 1)]).isEmpty)
        #expect(Model.problems(of: []).isEmpty)
    }

    private static let refused: [(Model, ServingError)] = [
        (
            model("m", "models/m"),
            .invalidArgument("Expected model m to have an absolute path or URI; got base_path()=models/m")
        ),
        (model("m", ""), .invalidArgument("Expected model m to have an absolute path or URI; got base_path()=")),
        (
            model("m", "hdfs://host/m"),
            ServingError(
                .unimplemented,
                "Model m has its versions at hdfs://host/m, and this server has no access to file systems of the kind "
                    + "hdfs://; expected an absolute path, or file://, s3://, gs://, http:// or https://"
            )
        ),
        (
            model(platform: ""),
            .invalidArgument(
                "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
                    + "ModelServerConfig::model_platform, model name is m"
            )
        ),
        (
            model(type: 1),
            .invalidArgument(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                    + "ModelServerConfig::model_platform, model name is m"
            )
        ),
        (model(platform: "", type: 2), .invalidArgument("ModelServerConfig::model_type choice 2 not supported.")),
        (model(platform: "onnx"), .invalidArgument("Model m requests unsupported platform onnx")),
        (model(""), .invalidArgument("A model without a name is configured for the path /p")),
    ]

    @Test(arguments: refused.indices)
    func `what is wrong with a model is said in TensorFlow Serving's words`(index: Int) {
        let (model, error) = Self.refused[index]
        #expect(Model.problems(of: [model]) == [error])
    }

    @Test func `the number of models is bounded`() {
        let models = (0...10_000).map { model("m\($0)") }
        #expect(Model.problems(of: Array(models.dropLast())).isEmpty)
        #expect(
            Model.problems(of: models + models) == [
                .invalidArgument("The configuration lists 20002 models; at most 10000 are served")
            ]
        )
    }

    @Test func `a name that occurs again is told once`() {
        let models = [model("a"), model("b"), model("a"), model("a"), model("b")]
        #expect(
            Model.problems(of: models) == [
                .invalidArgument("Illegal to list model a multiple times in config list"),
                .invalidArgument("Illegal to list model b multiple times in config list"),
            ]
        )
    }

    @Test func `all problems are told, those that TensorFlow Serving looks for first in front`() throws {
        let models = [model("a", platform: "onnx"), model("b", "b"), model("a", "a")]
        let problems = Model.problems(of: models)
        #expect(problems.count == 4)
        let error = try #require(ServingError.listing(problems))
        #expect(error.code == .invalidArgument)
        #expect(
            error.message == "Illegal to list model a multiple times in config list; "
                + "Expected model b to have an absolute path or URI; got base_path()=b; "
                + "Expected model a to have an absolute path or URI; got base_path()=a; "
                + "Model a requests unsupported platform onnx"
        )
        #expect(ServingError.listing([]) == nil)
    }

    @Test func `the platform of a served model stays`() {
        #expect(
            Model.problems(of: [model(platform: "onnx")], replacing: [model()]) == [
                .invalidArgument(
                    "Illegal to change a model's platform. For model m platform was tensorflow and new platform "
                        + "requested is onnx"
                )
            ]
        )
        #expect(Model.problems(of: [model(platform: "", type: 1)], replacing: [model()]).isEmpty)
    }

    @Test(
        arguments: [
            ("/a/b", .absolute("/a/b")), ("file:///a/b", .absolute("/a/b")), ("/", .absolute("/")),
            ("gs://b/p", .store("gs://b/p")), ("s3://b", .store("s3://b")),
            ("hdfs://b", .otherFileSystem(scheme: "hdfs")),
            ("a/b", .relative), ("", .relative), ("file://", .relative), ("file://host/a", .relative),
            ("3s://b", .relative), ("://b", .relative), ("a-b://c", .relative), ("/a://b", .absolute("/a://b")),
            ("äx://b", .relative),
        ] as [(String, BasePath)]
    )
    func `a base path is an absolute path or a URI`(text: String, path: BasePath) {
        #expect(BasePath(text) == path)
    }

    @Test func `a start with something else than a list of models is refused`() {
        var configuration = ServerConfiguration()
        #expect(configuration.problems().isEmpty)
        configuration.requestedModels = .custom
        #expect(configuration.problems() == [.customModels])
    }

    private static func log(_ prefix: String = "/logs/m", _ rate: Double = 1, type: String = "") -> RequestLog {
        var log = RequestLog(filenamePrefix: prefix, samplingRate: rate)
        log.type = type
        return log
    }

    @Test(arguments: [log(), log(type: "tfrecord"), log("/m", 0), log("/a b/ü", 1e-300)])
    func `a request log may be of this kind`(log: RequestLog) {
        var logged = model()
        logged.requestLog = log
        #expect(ServerConfiguration.Model.problems(of: [logged]).isEmpty)
    }

    private static let prefixProblem =
        "; expected an absolute path that ends in the beginning of a file name, like /var/log/apus/NAME"

    @Test(
        arguments: [
            (log(""), "has the filename_prefix \"\"\(prefixProblem)"),
            (log("logs/m"), "has the filename_prefix \"logs/m\"\(prefixProblem)"),
            (log("/logs/"), "has the filename_prefix \"/logs/\"\(prefixProblem)"),
            (log("/m", -0.1), "has a sampling_rate of -0.1; expected a number from 0 to 1"),
            (log("/m", 1.5), "has a sampling_rate of 1.5; expected a number from 0 to 1"),
            (log("/m", .nan), "has a sampling_rate of nan; expected a number from 0 to 1"),
            (
                log("/" + String(repeating: "m", count: 201)),
                "has a filename_prefix of 202 bytes, 201 of them after the last /; at most 4000 and 200 fit into a path"
            ),
        ] as [(RequestLog, String)]
    )
    func `a request log that cannot be written is refused`(log: RequestLog, text: String) {
        var logged = model()
        logged.requestLog = log
        #expect(
            ServerConfiguration.Model.problems(of: [logged])
                == [.invalidArgument("The logging_config of model \(logged.name) \(text)")]
        )
    }

    @Test func `a collector that is not there is refused as TensorFlow Serving refuses it`() {
        var logged = model()
        logged.requestLog = Self.log(type: "kafka")
        let text = "Cannot find LogCollector::Factory for type: kafka (model \(logged.name)); expected \"tfrecord\""
        #expect(ServerConfiguration.Model.problems(of: [logged]) == [.notFound(text)])
    }

    @Test func `limits of request logs are checked`() {
        var configuration = ServerConfiguration()
        configuration.requestLogFiles.maximumByteCount = 0
        configuration.requestLogFiles.maximumSeconds = 0
        configuration.requestLogFiles.maximumCount = -1
        configuration.requestLogFiles.maximumWaitingByteCount = -1 << 20
        #expect(configuration.problems().count == 4)
    }
}
