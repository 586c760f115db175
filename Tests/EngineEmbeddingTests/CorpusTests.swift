import EmbeddingExercises
import ServingPrimitives
import Testing

/// FuzzTesting/Corpus/fuzz-embedding-snapshot: what the fuzzer starts from, and all that has failed once.
@Suite struct CorpusTests {
    @Test func `the corpus of the fuzzer has no fault`() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let corpus = "\(folder)/FuzzTesting/Corpus/fuzz-embedding-snapshot"
        let names = try #require(LocalFolder.names(in: corpus))
        #expect(names.count >= 4)
        for name in names {
            let bytes = try LocalFile.contents(of: "\(corpus)/\(name)", limit: 1 << 20)
            #expect(SnapshotExercise.fault(in: bytes) == nil, "\(name)")
        }
    }
}
