import Testing

@testable import EmbeddingDump

@Suite struct DumpFileNameTests {
    @Test(
        arguments: [
            (
                "MonolithHashTable_a_0-00002-of-00004",
                DumpFileName(base: "MonolithHashTable_a_0", shard: 2, shardCount: 4)
            ),
            ("t.meta-00000-of-00001", DumpFileName(base: "t", isMetadata: true, shard: 0, shardCount: 1)),
            ("a-b-99999-of-99999", DumpFileName(base: "a-b", shard: 99_999, shardCount: 99_999)),
            ("a-tmp-x-00000-of-00001", DumpFileName(base: "a-tmp-x", shard: 0, shardCount: 1)),
        ]
    )
    func `names are read and written`(_ name: String, _ parts: DumpFileName) {
        #expect(DumpFileName(name) == parts)
        #expect(parts.text == name)
    }

    @Test(arguments: [
        "", "-00000-of-00001", ".meta-00000-of-00001", "a-0000-of-00001", "a-00000-of-0001", "a-00000-of-000010",
        "a_00000-of-00001", "a-0000x-of-00001", "a-00000-OF-00001", "a-+0000-of-00001", "variables.index",
        "a-tmp-123-00000-of-00001", "a-tmp-123.meta-00000-of-00001",
    ])
    func `other names are no files of dumps`(_ name: String) { #expect(DumpFileName(name) == nil) }

    @Test func `temporary names are not read`() {
        let name = DumpFileName(base: "a", isMetadata: true, shard: 3, shardCount: 7)
        #expect(name.temporary(42).text == "a-tmp-42.meta-00003-of-00007")
        #expect(DumpFileName(name.temporary(42).text) == nil)
    }
}
