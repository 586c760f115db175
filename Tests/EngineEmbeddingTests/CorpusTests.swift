import EmbeddingExercises
import EngineEmbedding
import ServingPrimitives
import Testing

/// What the fuzzers start from, and all that has failed once.
@Suite struct CorpusTests {
    /// Files of a folder of FuzzTesting/Corpus by their names.
    private func corpus(_ name: String) throws -> [String: [UInt8]] {
        let folder =
            #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/FuzzTesting/Corpus/\(name)"
        let names = try #require(LocalFolder.names(in: folder))
        #expect(names.count >= 4)
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try LocalFile.contents(of: "\(folder)/\($0)", limit: 1 << 20)) }
        )
    }

    @Test func `the corpus of snapshots has no fault`() throws {
        for (name, bytes) in try corpus("fuzz-embedding-snapshot") {
            #expect(SnapshotExercise.fault(in: bytes) == nil, "\(name)")
        }
    }

    @Test func `the corpus of graphs is read or refused`() throws {
        let corpus = try corpus("fuzz-shard-graph")
        for bytes in corpus.values { bytes.withUnsafeBytes { ShardGraphExercise.run($0) } }
        func signatures(_ name: String) throws -> [String]? {
            try corpus[name]?.withUnsafeBytes { try ShardGraph($0, tags: ["serve"])?.boundSignatures(in: "/nowhere") }
        }
        #expect(try signatures("plain") == ["hashtable_assign", "lookup"])
        #expect(try signatures("multi")?.count == 4)
        #expect(throws: ServingError.self) { try signatures("remote") }
    }

    @Test func `the corpus of journals has no fault`() throws {
        for (name, bytes) in try corpus("fuzz-push-journal") {
            #expect(PushJournalExercise.fault(in: bytes) == nil, "\(name)")
        }
    }
}
