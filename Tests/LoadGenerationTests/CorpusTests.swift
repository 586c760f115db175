import Foundation
import LoadExercises
import Testing

/// Replays what the fuzz target starts from, and what it once failed on.
struct CorpusTests {
    private static var inputs: [URL] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let repository = tests.deletingLastPathComponent()
        let folder = repository.appending(path: "FuzzTesting/Corpus/fuzz-load-answer")
        return (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    }

    @Test func `the corpus is there`() { #expect(Self.inputs.count > 8) }

    @Test(arguments: inputs) func `no input of the corpus breaks the reading of answers`(_ input: URL) throws {
        try Data(contentsOf: input).withUnsafeBytes { LoadAnswerExercise.run($0) }
    }
}
