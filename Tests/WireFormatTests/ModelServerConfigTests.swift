import ServingConfig
import ServingProtos
import SwiftProtobuf
import Testing
import WireFormat

@Suite struct ModelServerConfigTests {
    private func requested(_ text: String) throws -> RequestedModels {
        RequestedModels(try TextFormat.decode(text, as: Tensorflow_Serving_ModelServerConfig.self))
    }

    private func model(_ fields: String) throws -> ServerConfiguration.Model {
        try #require(try requested("model_config_list { config { \(fields) } }").models.first)
    }

    @Test func `every field of a model reaches the configuration`() throws {
        let text = """
            # As the documentation of TensorFlow Serving writes it, with commas and colons.
            model_config_list: {
              config: {
                name: "half_plus_three",
                base_path: "/models/half_plus_three",
                model_platform: "tensorflow",
                model_version_policy: { specific: { versions: 123, versions: 7 } },
                version_labels: { key: "canary" value: 123 }
                version_labels { key: 'stable', value: 7 }
                logging_config {
                  log_collector_config { type: "tfrecord" filename_prefix: "/logs/m" }
                  sampling_config { sampling_rate: 0.25 }
                }
              },
              config { name: "b" base_path: "/b" model_type: TENSORFLOW }
            }
            """
        var first = ServerConfiguration.Model(name: "half_plus_three", basePath: "/models/half_plus_three")
        first.versionPolicy = .specific([123, 7])
        first.versionLabels = ["canary": 123, "stable": 7]
        var log = RequestLog(filenamePrefix: "/logs/m", samplingRate: 0.25)
        log.type = "tfrecord"
        first.requestLog = log
        var second = ServerConfiguration.Model(name: "b", basePath: "/b")
        second.platform = ModelPlatform(deprecatedType: 1)
        #expect(try requested(text) == .list([first, second]))
    }

    @Test(
        arguments: [
            ("", .latest(1)), ("latest {}", .latest(1)), ("latest { num_versions: 0 }", .latest(1)),
            ("latest { num_versions: 4294967295 }", .latest(4_294_967_295)), ("all {}", .all),
            ("latest_once {}", .latestOnce(1)), ("all: <>", .all),
            ("specific {}", .specific([])), ("specific { versions: [3, -1, 3] }", .specific([3, -1, 3])),
        ] as [(String, ServerConfiguration.VersionPolicy)]
    )
    func `version policies are read`(text: String, policy: ServerConfiguration.VersionPolicy) throws {
        #expect(try model("model_version_policy { \(text) }").versionPolicy == policy)
        if text.isEmpty { #expect(try model("").versionPolicy == policy) }
    }

    @Test(
        arguments: [
            ("", .unset), ("# nothing", .unset), ("model_config_list {}", .list([])),
            ("custom_model_config {}", .custom),
        ] as [(String, RequestedModels)]
    )
    func `an empty file is not an empty list`(text: String, expected: RequestedModels) throws {
        #expect(try requested(text) == expected)
    }

    @Test(
        arguments: [
            ("", "", 0), ("model_platform: 'onnx'", "onnx", 0), ("model_type: OTHER", "", 2),
            ("model_type: 1 model_platform: 'tensorflow'", "tensorflow", 1), ("model_type: 9", "", 9),
        ]
    )
    func `the platform is kept as it is written`(text: String, name: String, type: Int) throws {
        #expect(try model(text).platform == ModelPlatform(name: name, deprecatedType: type))
    }

    @Test func `a model is written as it is read`() throws {
        var model = ServerConfiguration.Model(name: "m", basePath: "/m")
        model.platform.name = "tensorflow"
        model.versionPolicy = .specific([1, 2])
        model.versionLabels = ["stable": 1]
        model.requestLog = RequestLog(filenamePrefix: "/logs/m", samplingRate: 0.25)
        let message = Tensorflow_Serving_ModelServerConfig([model], keeping: .init())
        #expect(RequestedModels(message) == .list([model]))
        model.versionPolicy = .latestOnce(2)
        #expect(RequestedModels(Tensorflow_Serving_ModelServerConfig([model], keeping: .init())) == .list([model]))
    }
}
