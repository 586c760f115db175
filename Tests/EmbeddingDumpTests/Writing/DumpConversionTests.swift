import EmbeddingDump
import ServingPrimitives
import Testing

@Suite struct DumpConversionTests {
    private func convert(
        _ source: String,
        to target: String,
        _ conversion: DumpConversion,
        threads: Int = 2
    ) throws(ServingError) -> [DumpFiles] {
        try conversion.run(
            try DumpImport(try DumpCatalog(at: source).complete()),
            to: target,
            threads: threads
        )
    }

    @Test(arguments: [1, 3])
    func `tables go into one dump and back, records unchanged`(_ shards: Int) throws {
        let folder = try TestFolder()
        let original = try entries(at: Golden.version)
        let written = try convert(
            Golden.version,
            to: folder.file("new/folder/multi"),
            DumpConversion(layout: .multi, shardCount: shards)
        )
        #expect(written.map(\.shardCount) == [shards])
        #expect(try entries(at: folder.file("new/folder")) == original)
        let back = try convert(
            folder.file("new/folder/multi"),
            to: folder.file("plain"),
            DumpConversion(layout: .plain)
        )
        #expect(back.count == 20)
        #expect(try entries(at: folder.file("plain")) == original)
        #expect(folder.names == ["new", "plain"])
    }

    @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
    func `values may be packed, and optimizers left out`(_ isPacked: Bool, _ keepsOptimizer: Bool) throws {
        let folder = try TestFolder()
        _ = try convert(
            Golden.version,
            to: folder.file("t"),
            DumpConversion(layout: .multi, keepsOptimizer: keepsOptimizer, isPacked: isPacked)
        )
        #expect(try entries(at: folder.path).map(\.content) == entries(at: Golden.version).map(\.content))
        let dumps = try DumpCatalog(at: folder.path).complete()
        let report = try DumpReport(dumps, reading: try DumpImport(dumps), threads: 1)
        let filled = report.tables.filter { $0.entryCount > 0 }
        #expect(filled.allSatisfy { $0.packedRows == (isPacked ? $0.entryCount : 0) })
        #expect(filled.allSatisfy { $0.optimizers.isEmpty == !keepsOptimizer })
    }

    @Test func `a dump is not written over`() throws {
        let folder = try TestFolder()
        try folder.write([1], to: "t-00000-of-00007")
        let error = #expect(throws: ServingError.self) {
            try convert(Golden.version, to: folder.file("t"), DumpConversion(layout: .multi))
        }
        #expect(error?.code == .alreadyExists)
        #expect(folder.names == ["t-00000-of-00007"])
        #expect(try folder.read("t-00000-of-00007") == [1])
    }

    @Test(arguments: [DumpFiles.Layout.plain, .multi])
    func `of a damaged dump nothing is left`(_ layout: DumpFiles.Layout) throws {
        let (source, target) = (try TestFolder(), try TestFolder())
        try write([("a", [ReadEntry(table: "a", id: 1, values: [1])])], to: source.file("t"))
        var bytes = try source.read("t-00000-of-00001")
        bytes[bytes.count - 1] ^= 1
        try source.write(bytes, to: "t-00000-of-00001")
        let path = layout == .multi ? target.file("t") : target.path
        let error = #expect(throws: ServingError.self) {
            try convert(source.path, to: path, DumpConversion(layout: layout, shardCount: 2))
        }
        #expect(error?.code == .dataLoss)
        #expect(target.names == [])
    }

    @Test func `names of tables become names of files`() throws {
        let folder = try TestFolder()
        try write([("user:id/x", [ReadEntry(table: "user:id/x", id: 1, values: [1])])], to: folder.file("t"))
        let written = try convert(folder.file("t"), to: folder.file("plain"), DumpConversion(layout: .plain))
        #expect(written.map(\.name) == ["user-id-x"])
    }

    @Test func `two tables of one file name are refused`() throws {
        let folder = try TestFolder()
        try write([("a/b", []), ("a:b", [])], to: folder.file("t"))
        let error = #expect(throws: ServingError.self) {
            try convert(folder.file("t"), to: folder.file("plain"), DumpConversion(layout: .plain))
        }
        #expect(error?.code == .invalidArgument)
    }
}
