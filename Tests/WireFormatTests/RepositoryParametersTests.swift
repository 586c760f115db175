import ServingConfig
import ServingPrimitives
import Testing
import WireFormat

@Suite struct RepositoryParametersTests {
    @Test func `a configuration says what it names and nothing else`() throws {
        let text = #"{"name": "m", "base_path": "/m", "model_version_policy": {"latest": {"num_versions": 2}}}"#
        let settings = try RepositoryParameters(["config": .string(text)]).settings(for: "m")
        #expect(settings == ModelSettings(basePath: "/m", versionPolicy: .latest(2)))
        #expect(try RepositoryParameters().settings(for: "m") == ModelSettings())
        let camel = #"{"versionLabels": {"stable": "7"}, "modelPlatform": "tensorflow"}"#
        #expect(
            try RepositoryParameters(["config": .string(camel)]).settings(for: "m")
                == ModelSettings(platform: .tensorflow, versionLabels: ["stable": 7])
        )
    }

    static let refused: [[String: RepositoryParameters.Value]] = [
        ["colour": .string("red")], ["file:1/model": .bytes], ["config": .bytes], ["config": .bool(true)],
        ["config": .string("{")], ["config": .string(#"{"name": "other"}"#)], ["config": .string(#"{"unknown": 1}"#)],
        ["config": .string(#"{"logging_config": {}}"#)],
        ["config": .string(String(repeating: " ", count: 1 << 21))],
        ["config": .string(String(repeating: "[", count: 100_000))],
    ]

    @Test(arguments: refused) func `what a load cannot use is refused`(values: [String: RepositoryParameters.Value]) {
        let error = #expect(throws: ServingError.self) { try RepositoryParameters(values).settings(for: "m") }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `an unload knows its one parameter`() throws {
        try RepositoryParameters(["unload_dependents": .bool(true)]).checkForUnload()
        #expect(throws: ServingError.self) { try RepositoryParameters(["unload_dependents": .int(1)]).checkForUnload() }
        #expect(throws: ServingError.self) { try RepositoryParameters(["config": .string("{}")]).checkForUnload() }
    }
}
