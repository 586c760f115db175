import ClusterExercises
import Foundation
import Testing

/// FuzzTesting/Corpus: what the fuzz targets start from, and all that has failed once.
@Suite struct FuzzCorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "FuzzTesting/Corpus")

    private static let exercises: [String: @Sendable ([UInt8]) -> String?] = [
        "fuzz-agent-configuration": AgentConfigurationExercise.fault(in:),
        "fuzz-routes-table": RoutesTableExercise.fault(in:),
        "fuzz-zookeeper-payload": ZooKeeperPayloadExercise.fault(in:),
    ]

    private static let inputs = exercises.keys.sorted().flatMap { name in
        let folder = folder.appending(path: name)
        return (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    }

    @Test func `the corpora are there`() { #expect(Self.inputs.count > 15) }

    @Test(arguments: inputs)
    func `inputs are read without a fault`(_ input: URL) throws {
        let exercise = try #require(Self.exercises[input.deletingLastPathComponent().lastPathComponent])
        #expect(exercise(Array(try Data(contentsOf: input))) == nil)
    }
}
