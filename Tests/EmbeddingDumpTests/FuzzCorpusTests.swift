import DumpExercises
import Foundation
import Testing

/// FuzzTesting/Corpus: what the fuzz target starts from, and all that has failed once.
@Suite struct FuzzCorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "FuzzTesting/Corpus/fuzz-embedding-dump")

    private static let inputs =
        (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []

    @Test func `the corpus is there`() { #expect(Self.inputs.count > 5) }

    @Test(arguments: inputs)
    func `dumps are read without a fault`(_ input: URL) throws {
        #expect(EmbeddingDumpExercise.fault(in: Array(try Data(contentsOf: input))) == nil)
    }
}
