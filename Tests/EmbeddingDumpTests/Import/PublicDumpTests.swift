import EmbeddingDump
import ServingPrimitives
import Testing

/// Dumps that Monolith and TensorFlow have written.
@Suite struct PublicDumpTests {
    @Test(arguments: [1, 4])
    func `the rows of the public project are read`(_ threads: Int) throws {
        let found = try entries(at: Golden.version, threads: threads)
        #expect(found.count == 30)
        #expect(Set(found.map(\.values.count)) == [16, 17, 32, 33])
        // The name of each of these tables ends with the number of its shard server, which is the id modulo their number.
        #expect(found.allSatisfy { entry in entry.table.hasSuffix("_\(entry.id % 5)") })
        #expect(found.allSatisfy { $0.values.allSatisfy { $0.isFinite && abs($0) < 1 } })
    }

    @Test func `a row has the values that are in its file`() throws {
        let table = "MonolithHashTable_3fc25c64637605aa3983374cc61db982_4"
        let found = try entries(at: "\(Golden.version)/assets/\(table)")
        #expect(found.map(\.id) == [24])
        #expect(found[0].values.count == 16)
        #expect(found[0].values[0] == Float(bitPattern: 0x3ABF_71DB))
        #expect(found[0].values[15] == Float(bitPattern: 0x3DB1_EC00))
        #expect(found[0].updateTime == 0)
    }

    /// Written by IntegrationTests/support/embedding_dumps.py with TensorFlow's writer: two shards; table a has the ids 0 to 299
    /// with four values, b has none, and c has the ids 0 to -9 with two packed values.
    @Test(arguments: [1, 3])
    func `a dump of several tables is read as TensorFlow wrote it`(_ threads: Int) throws {
        let source = try DumpImport(try DumpCatalog(at: Golden.multi).complete())
        #expect(source.tables.map(\.name) == ["a", "b", "c"])
        #expect(source.tables.map(\.entryCount) == [300, 0, 10])
        let found = try source.entries(threads: threads).map(\.content)
        let a = (0..<300).map { id in
            let first = Float(id)
            let values = [first, -first, first / 3, 0.5]
            return ReadEntry(table: "a", id: Int64(id), values: values, updateTime: 1_600_000_000 + Int64(id))
        }
        let c = (-9...0).map { ReadEntry(table: "c", id: Int64($0), values: [Float($0), 1]) }
        #expect(found == a + c)
        #expect(source.width(of: 0) == 4)
        #expect(source.width(of: 1) == nil)
        #expect(source.width(of: 2) == 2)
    }
}
