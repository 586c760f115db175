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
            model("m", "gs://bucket/m"),
            ServingError(
                .unimplemented,
                "Model m has its versions at gs://bucket/m, and this server has no access to file systems of the kind "
                    + "gs://; expected an absolute path or a file:// URI"
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
            ("gs://b/p", .otherFileSystem(scheme: "gs")), ("s3://b", .otherFileSystem(scheme: "s3")),
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
        var logged = model()
        logged.wantsRequestLog = true
        configuration.models = [logged]
        #expect(configuration.problems() == [.invalidArgument("No request-logger-creator provided.")])
    }
}
