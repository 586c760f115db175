import Foundation
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

    private func problems<M: Message>(_ text: String, _ type: M.Type) -> [String] {
        do throws(TextFormatError) {
            _ = try TextFormat.decode(text, as: type)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// After a problem reading goes on with the next field, and what follows is no problem of its own.
    @Test(arguments: [
        (
            "placement_period: x intra_op_parallelism_threads: y",
            ["1:19: Expected integer, got: x", "1:51: Expected integer, got: y"]
        ),
        (
            "placement_period:\nallow_soft_placement: 2",
            ["2:1: Expected integer, got: allow_soft_placement", "2:23: Integer out of range (2)"]
        ),
        (
            "no { a: 1 b { c: 2 } } nor: [1, {}]",
            [
                "1:4: Message type \"tensorflow.ConfigProto\" has no field named \"no\".",
                "1:27: Message type \"tensorflow.ConfigProto\" has no field named \"nor\".",
            ]
        ),
        (
            "gpu_options { allow_growth: maybe, visible_device_list: 5 } no: 1",
            [
                "1:34: Invalid value for boolean field \"allow_growth\". Value: \"maybe\".",
                "1:57: Expected string, got: 5",
                "1:63: Message type \"tensorflow.ConfigProto\" has no field named \"no\".",
            ]
        ),
        (
            "gpu_options { allow_growth: true > placement_period: x",
            [
                "1:34: Expected \"}\", found \">\".", "1:54: Expected integer, got: x",
            ]
        ),
        (
            "device_filters: [\"a\" \"b\", 5, \"c\"] placement_period: x",
            [
                "1:27: Expected string, got: 5", "1:53: Expected integer, got: x",
            ]
        ),
        ("gpu_options {", ["1:14: Expected identifier, got: "]),
        (
            "\u{1}placement_period\u{2}: 1 }",
            [
                "1:1: Invalid control characters encountered in text.",
                "1:18: Invalid control characters encountered in text.", "1:23: Expected identifier, got: }",
            ]
        ),
    ])
    func `reading goes on after a problem`(text: String, expected: [String]) {
        #expect(problems(text, Tensorflow_ConfigProto.self) == expected)
    }

    @Test func `a string that is not UTF-8 is refused, and bytes may be anything`() throws {
        #expect(
            problems(#"visible_device_list: "\377""#, Tensorflow_GPUOptions.self)
                == ["1:22: String field \"visible_device_list\" contains invalid UTF-8."]
        )
        #expect(try TextFormat.decode(#"s: "\377""#, as: Tensorflow_AttrValue.self).s == Data([0xFF]))
    }

    @Test func `values are read as written`() throws {
        let options = try TextFormat.decode(
            "per_process_gpu_memory_fraction: -.5e1f deferred_deletion_bytes: -0x10 "
                + #"visible_device_list: "\x41\102" '\u00e9\ud83d\ude00\U0001F600\n'"#,
            as: Tensorflow_GPUOptions.self
        )
        #expect(options.perProcessGpuMemoryFraction == -5)
        #expect(options.deferredDeletionBytes == -16)
        #expect(options.visibleDeviceList == "AB\u{E9}\u{1F600}\u{1F600}\n")
    }

    @Test func `an expanded Any holds the serialized message`() throws {
        let message = try TextFormat.decode(
            """
            thread_pool_factory_config {
              [type.googleapis.com/tensorflow.serving.BatchingParameters] { max_batch_size { value: 8 } }
            }
            """,
            as: Tensorflow_Serving_ThreadPoolFactoryConfig.self
        ).threadPoolFactoryConfig
        #expect(message.typeURL == "type.googleapis.com/tensorflow.serving.BatchingParameters")
        let inner = try Tensorflow_Serving_BatchingParameters(serializedBytes: message.value)
        #expect(inner.maxBatchSize.value == 8)
    }

    @Test func `messages may be nested a hundred deep and no deeper`() {
        func nested(_ depth: Int) -> String {
            // Three messages a round: func, attr, value.
            let rounds = depth / 3
            return String(repeating: "func { attr { value { ", count: rounds)
                + String(repeating: "} } } ", count: rounds)
        }
        #expect(problems(nested(99), Tensorflow_AttrValue.self) == [])
        let deep = problems(nested(30_000), Tensorflow_AttrValue.self)
        #expect(deep.count == 1)
        #expect(deep.first?.hasSuffix("exceeded the configured recursion limit of 100.") == true)
        let unknown = "x: " + String(repeating: "[", count: 30_000)
        #expect(problems(unknown, Tensorflow_AttrValue.self).count == 2)
    }

    @Test func `a text with very many problems ends at the hundredth`() {
        let found = problems(String(repeating: "no: 1 ", count: 5000), Tensorflow_ConfigProto.self)
        #expect(found.count == 101)
        #expect(found.last?.hasSuffix("Too many problems; the rest is not read.") == true)
    }

    @Test func `a text that is too long is refused`() {
        let text = "#" + String(repeating: " ", count: TextFormat.maximumLength)
        #expect(problems(text, Tensorflow_ConfigProto.self).count == 1)
    }
}
