import Foundation
import GRPCExercises
import Testing

/// Replays what the fuzz target starts from, and what it once failed on.
struct CorpusTests {
    private static var inputs: [URL] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let repository = tests.deletingLastPathComponent().deletingLastPathComponent()
        let folder = repository.appending(path: "FuzzTesting/Corpus/fuzz-grpc")
        return (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    }

    @Test func `the corpus is there`() { #expect(Self.inputs.count > 10) }

    @Test(arguments: inputs) func `no input of the corpus breaks the reading of requests`(_ input: URL) throws {
        try Data(contentsOf: input).withUnsafeBytes { GRPCExercise.run($0) }
    }
}
