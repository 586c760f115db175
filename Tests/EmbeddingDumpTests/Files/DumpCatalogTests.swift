import EmbeddingDump
import ServingPrimitives
import Testing

@Suite struct DumpCatalogTests {
    private func catalog(_ names: [String], at name: String? = nil) throws -> (DumpCatalog, TestFolder) {
        let folder = try TestFolder()
        for file in names { try folder.write([], to: file) }
        return (try DumpCatalog(at: name.map(folder.file) ?? folder.path), folder)
    }

    @Test func `the tables of the public project are found in the folder of their version`() throws {
        let dumps = try DumpCatalog(at: Golden.version).complete()
        #expect(dumps.count == 20)
        #expect(dumps.allSatisfy { $0.layout == .plain && $0.shardCount == 4 })
        #expect(dumps.map(\.name) == dumps.map(\.name).sorted())
    }

    @Test(arguments: ["t", "t-00001-of-00002", "t.meta-00000-of-00002"])
    func `a dump is found by its name, or by that of a file`(_ name: String) throws {
        let files = [
            "t-00000-of-00002", "t-00001-of-00002", "t.meta-00000-of-00002", "t.meta-00001-of-00002",
            "t2-00000-of-00001",
        ]
        let (catalog, folder) = try catalog(files, at: name)
        #expect(catalog.dumps == [try DumpFiles(base: folder.file("t"), layout: .multi, shardCount: 2)])
    }

    @Test(arguments: [
        (["t-00000-of-00003"], "t-00001-of-00003 is missing, and 1 more of its 3"),
        (["t-00001-of-00002"], "t-00000-of-00002 is missing"),
        (["t-00000-of-00001", "t-00000-of-00002", "t-00001-of-00002"], "different numbers of shards lie here (1, 2)"),
        (["t-00000-of-00001", "t-00001-of-00001"], "there is no shard 1 of 1"),
        (["t.meta-00000-of-00001"], "t-00000-of-00001 is missing"),
        (["t-00000-of-00002", "t-00001-of-00002", "t.meta-00000-of-00002"], "t.meta-00001-of-00002 is missing"),
        (["t-00000-of-00000"], "there is no shard 0 of 0"),
    ])
    func `what is not whole is told`(_ files: [String], _ text: String) throws {
        let (catalog, _) = try catalog(files + ["whole-00000-of-00001"])
        #expect(catalog.dumps.map(\.name) == ["whole"])
        #expect(catalog.problems.count == 1)
        let error = #expect(throws: ServingError.self) { try catalog.complete() }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }

    @Test func `files that a save has left behind are no dump`() throws {
        let (catalog, _) = try catalog(["t-00000-of-00001", "t-tmp-7-00000-of-00002", "checkpoint"])
        #expect(try catalog.complete().map(\.name) == ["t"])
    }

    @Test(arguments: ["", "nothing", "nothing/at/all", "checkpoint"])
    func `where no dump is, this is told`(_ name: String) throws {
        let folder = try TestFolder()
        try folder.write([], to: "checkpoint")
        let error = #expect(throws: ServingError.self) { try DumpCatalog(at: folder.file(name)) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("no dump is here") == true)
    }
}
