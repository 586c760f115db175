import ServingPrimitives
import SourceExercises
import Testing

@testable import ModelSources

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct CheckpointIndexTests {
    @Test func `the index tells how many data files there are and how long each must be`() throws {
        let index = try CheckpointIndex(IndexFile(shards: 3, entries: [(0, 0, 4), (2, 8, 1_000_000), (0, 4, 0)]).bytes)
        #expect(index.shardCount == 3)
        #expect(index.neededBytes == [0: 4, 2: 1_000_008])
    }

    @Test func `one that TensorFlow wrote is understood`() throws {
        // scripts/make-models, half_plus_two_tf2.
        let path = "\(Self.corpus)/half_plus_two_tf2"
        let index = try CheckpointIndex(LocalFile.contents(of: path, limit: 1 << 20))
        #expect(index.shardCount == 1)
        #expect((index.neededBytes[0] ?? 0) > 8)
    }

    @Test(arguments: [
        (IndexFile(shards: nil, entries: [(0, 0, 1)]), "its header is missing"),
        (IndexFile(shards: 0, entries: []), "its header does not fit its entries"),
        (IndexFile(shards: 1 << 40, entries: []), "its header does not fit its entries"),
        (IndexFile(shards: 1, entries: [(1, 0, 1)]), "its header does not fit its entries"),
        (IndexFile(shards: 1, entries: [(0, .max, 1)]), "an entry is damaged"),
        (IndexFile(shards: 1, entries: [(0, 1 << 63, 1)]), "an entry is damaged"),
        (IndexFile(shards: 1, entries: [], blockKind: 7), "a block is of an unknown kind"),
    ])
    func `what contradicts itself is refused`(file: IndexFile, problem: String) {
        #expect(throws: CheckpointIndex.Problem.malformed(problem)) { try CheckpointIndex(file.bytes) }
    }

    @Test func `compressed blocks are left to TensorFlow`() {
        let file = IndexFile(shards: 1, entries: [], blockKind: 1)
        #expect(throws: CheckpointIndex.Problem.unreadable) { try CheckpointIndex(file.bytes) }
    }

    @Test func `cut off anywhere and changed anywhere but in its footer's padding, it is refused`() throws {
        let bytes = IndexFile(shards: 2, entries: [(0, 0, 4), (1, 8, 100)]).bytes
        for count in 0..<bytes.count {
            #expect(throws: CheckpointIndex.Problem.self) { try CheckpointIndex(Array(bytes.prefix(count))) }
        }
        for position in 0..<(bytes.count - 48) {
            var changed = bytes
            changed[position] ^= 0x10
            // The block of metadata is not read.
            guard let index = try? CheckpointIndex(changed) else { continue }
            #expect(try index == CheckpointIndex(bytes))
        }
    }

    @Test func `the corpus of the fuzzer has no fault`() throws {
        for name in try LocalFileSystem().names(in: Self.corpus) {
            let bytes = try LocalFile.contents(of: "\(Self.corpus)/\(name)", limit: 1 << 20)
            #expect(CheckpointIndexExercise.fault(in: bytes) == nil, "\(name)")
        }
        for name in try LocalFileSystem().names(in: Self.listCorpus) {
            let bytes = try LocalFile.contents(of: "\(Self.listCorpus)/\(name)", limit: 1 << 20)
            #expect(ChecksumListExercise.fault(in: bytes) == nil, "\(name)")
        }
    }

    private static let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    private static let corpus = folder + "/FuzzTesting/Corpus/fuzz-checkpoint-index"
    private static let listCorpus = folder + "/FuzzTesting/Corpus/fuzz-checksum-list"
}
