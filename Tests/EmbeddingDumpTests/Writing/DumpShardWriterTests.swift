import EmbeddingDump
import ServingPrimitives
import Testing

@Suite struct DumpShardWriterTests {
    @Test func `a file is not there before it is whole, nor when it never is`() throws {
        let folder = try TestFolder()
        do {
            let writer = try DumpShardWriter(
                try DumpFiles(base: folder.file("t"), layout: .plain, shardCount: 1),
                shard: 0
            )
            try writer.append(ReadEntry(table: "t", id: 1, values: [1]))
            #expect(folder.names.allSatisfy { $0.hasPrefix("t-tmp-") })
        }
        #expect(folder.names == [])
    }

    @Test func `tables come in the order of their names, and before their entries`() throws {
        let folder = try TestFolder()
        let writer = try DumpShardWriter(try DumpFiles(base: folder.file("t"), layout: .multi, shardCount: 1), shard: 0)
        #expect(throws: ServingError.self) { try writer.append(ReadEntry(table: "t", id: 1, values: [1])) }
        try writer.begin(table: "b")
        #expect(throws: ServingError.self) { try writer.begin(table: "b") }
        #expect(throws: ServingError.self) { try writer.begin(table: "a") }
    }

    @Test(arguments: ["", "a/", "a\n", "a\u{7F}"])
    func `names that files cannot have are refused`(_ base: String) {
        #expect(throws: ServingError.self) { try DumpFiles(base: base, layout: .plain, shardCount: 1) }
    }

    @Test(arguments: [0, -1, 100_000])
    func `numbers of shards that names cannot have are refused`(_ count: Int) {
        #expect(throws: ServingError.self) { try DumpFiles(base: "a", layout: .plain, shardCount: count) }
    }

    @Test func `a folder that is not there is told`() throws {
        let dump = try DumpFiles(base: "nowhere/at/all/t", layout: .plain, shardCount: 1)
        let error = #expect(throws: ServingError.self) { try DumpShardWriter(dump, shard: 0) }
        #expect(error?.code == .notFound)
    }
}
