import ServingProtos
import SwiftProtobuf
import Testing
import WireFormat

@Suite struct TextFormatTests {
    private func config(_ text: String) throws -> Tensorflow_Serving_ModelServerConfig {
        try TextFormat.decode(text, as: Tensorflow_Serving_ModelServerConfig.self)
    }

    /// Commas after fields, colons before braces, maps, enumerations by name: the spelling of the black-box suite.
    @Test func `a model configuration with everything in it is read`() throws {
        let message = try config(
            """
            # Two models.
            model_config_list: {
              config: {
                name: "a", base_path: '/models/' "a",
                model_platform: "tensorflow",
                model_version_policy: { specific: { versions: [1, 0x2], versions: 010 } }
                version_labels { key: "stable" value: 1 };
                version_labels: < value: -2, key: 'canary' >
                logging_config { sampling_config { sampling_rate: 1e-1f } }
              },
              config { name: "b" base_path: "/models/b" model_type: TENSORFLOW model_version_policy { all {} } }
            }
            """
        )
        let models = message.modelConfigList.config
        #expect(models.map(\.name) == ["a", "b"])
        #expect(models[0].basePath == "/models/a")
        #expect(models[0].modelVersionPolicy.specific.versions == [1, 2, 8])
        #expect(models[0].versionLabels == ["stable": 1, "canary": -2])
        #expect(models[0].loggingConfig.samplingConfig.samplingRate == 0.1)
        #expect(models[1].modelType == .tensorflow)
        #expect(models[1].modelVersionPolicy.policyChoice == .all(.init()))
    }

    @Test func `an empty text is an empty message`() throws {
        #expect(try config("") == .init())
        #expect(try config(" # nothing\n") == .init())
    }

    @Test func `every problem is reported with its position`() throws {
        let text = """
            model_config_list {
              config { nam: "a" base_path: 5 }
              config { name: "b"
                name: "c"
                version_labels { key: "x" value: "y" } }
            }
            """
        let error = try #require(throws: TextFormatError.self) { try config(text) }
        #expect(
            error.description == """
                Error parsing text-format tensorflow.serving.ModelServerConfig: 2:15: Message type \
                "tensorflow.serving.ModelConfig" has no field named "nam".
                Error parsing text-format tensorflow.serving.ModelServerConfig: 2:32: Expected string, got: 5
                Error parsing text-format tensorflow.serving.ModelServerConfig: 4:9: Non-repeated field "name" is \
                specified multiple times.
                Error parsing text-format tensorflow.serving.ModelServerConfig: 5:38: Expected integer, got: "y"
                """
        )
    }
}
