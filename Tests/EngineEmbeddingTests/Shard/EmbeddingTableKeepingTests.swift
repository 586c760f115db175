import EmbeddingDump
import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import EngineEmbedding

/// Tables of graphs that another engine runs.
@Suite struct EmbeddingTableKeepingTests {
    private let fixture = ShardFixture()
    private typealias Fixture = ShardFixture
    private static let tables = [Fixture.item, Fixture.user]

    private func definition(
        _ tables: [Fixture.Table] = Self.tables,
        dump: String? = nil
    ) -> EmbeddingTableDefinition {
        EmbeddingTableDefinition(
            kind: .multi,
            sharedName: Fixture.sharedName,
            configuration: Fixture.configuration(tables),
            dump: dump ?? "\(fixture.assets)/./\(Fixture.sharedName)"
        )
    }

    private func writeDump() throws { try fixture.dump("\(fixture.assets)/\(Fixture.sharedName)", Self.tables, .multi) }

    private func refusal(_ body: () throws -> Void) throws -> ServingError {
        try #require(throws: ServingError.self) { try body() }
    }

    @Test func `tables have the rows of their dump`() throws {
        try writeDump()
        let engine = fixture.engine()
        let tables = try engine.makeTables(definition(), in: fixture.version)
        #expect(tables.widths == [2, 3])
        #expect(try tables.lookup(.ids([2, 77, 1]), splits: .ids([0, 2, 3])).floats == [3, 4, 0, 0, 7, 8, 9])
        // Two requests in one.
        #expect(try tables.lookup(.ids([1, 4, -9]), splits: .ids([0, 1, 2, 3, 3])).floats == [1, 2, 1, 1, 1, 5, 6])
        #expect(tables.byteCount > 0)
        #expect(engine.servedTables.map(\.name) == ["item", "user"])
        #expect(engine.servedTables.allSatisfy { $0.path == fixture.version })
        tables.close()
        #expect(engine.servedTables.isEmpty && tables.byteCount == 0)
    }

    @Test func `a plain table is looked up by itself`() throws {
        try fixture.dump("\(fixture.assets)/MonolithHashTable_x", [Fixture.item], .plain)
        let definition = EmbeddingTableDefinition(
            kind: .plain,
            sharedName: "item",
            configuration: Fixture.configuration(Fixture.item),
            dump: "\(fixture.assets)/MonolithHashTable_x"
        )
        let table = try fixture.engine().makeTables(definition, in: fixture.version)
        let rows = try table.lookup(.ids([2, 3]))
        #expect(rows.shape.dimensions == [2, 2] && rows.floats == [3, 4, 0, 0])
        try table.assign(.ids([3]), .rows([[8, 9]]))
        #expect(try table.lookup(.ids([3])).floats == [8, 9])
        for (ids, rows) in [([1], [[1, 2, 3]]), ([1, 2], [[1, 2]])] as [([Int64], [[Float]])] {
            let error = try refusal { try table.assign(.ids(ids), .rows(rows)) }
            #expect(error.code == .invalidArgument && error.message.contains("[\(ids.count),2] is expected"))
        }
    }

    @Test func `pushes of a wrong width change nothing`() throws {
        try writeDump()
        let tables = try fixture.engine().makeTables(definition(), in: fixture.version)
        let error = try refusal {
            try tables.assign(.ids([2, 1]), splits: .ids([0, 1, 2]), .numbers([9, 9, 9, 9]))
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message == "the rows have 4 numbers; the ids of 2 tables need 5")
        #expect(try tables.lookup(.ids([2]), splits: .ids([0, 1, 1])).floats == [3, 4])
    }

    @Test func `tables without a dump have no rows`() throws {
        var definition = definition()
        definition.dump = nil
        let tables = try fixture.engine().makeTables(definition, in: fixture.version)
        #expect(try tables.lookup(.ids([1]), splits: .ids([0, 1, 1])).floats == [0, 0])
        try tables.assign(.ids([1]), splits: .ids([0, 1, 1]), .numbers([1, 2]))
        #expect(try tables.lookup(.ids([1]), splits: .ids([0, 1, 1])).floats == [1, 2])
    }

    @Test func `pushes are kept, and reach versions that are served together`() throws {
        try writeDump()
        do {
            let engine = fixture.keepingEngine()
            let first = try engine.makeTables(definition(), in: fixture.version)
            let second = try engine.makeTables(definition(), in: fixture.version)
            try first.assign(.ids([2]), splits: .ids([0, 1, 1]), .numbers([9, 9]))
            #expect(try second.lookup(.ids([2]), splits: .ids([0, 1, 1])).floats == [9, 9])
            first.close()
            second.close()
        }
        let tables = try fixture.keepingEngine().makeTables(definition(), in: fixture.version)
        #expect(try tables.lookup(.ids([2]), splits: .ids([0, 1, 1])).floats == [9, 9])
        tables.close()
    }

    @Test func `what is wrong with a dump is told with its path`() throws {
        let missing = try refusal { _ = try fixture.engine().makeTables(definition(), in: fixture.version) }
        #expect(missing.code == .notFound)
        #expect(missing.message.contains("\(fixture.assets)/\(Fixture.sharedName)"), "\(missing)")
        let foreign = "hdfs://node/model.ckpt-1.assets/\(Fixture.sharedName)"
        let error = try refusal {
            _ = try fixture.engine().makeTables(definition(dump: foreign), in: fixture.version)
        }
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains("is at \(foreign), which is no path of this machine"))
        #expect(error.message.contains("--embedding-path-prefix"))
        try writeDump()
        let prefixes = [PathPrefix(foreign: "hdfs://node/model.ckpt-1.assets", local: fixture.assets)]
        let tables = try fixture.engine(prefixes).makeTables(definition(dump: foreign), in: fixture.version)
        #expect(try tables.lookup(.ids([2]), splits: .ids([0, 1, 1])).floats == [3, 4])
    }

    @Test(
        arguments: [
            ([0xFF], "is no MultiEmbeddingHashTableConfig"), ([], "0 names for 0 tables"),
            ([10, 1, 0x61], "1 names for 0 tables"),
        ] as [([UInt8], String)]
    )
    func `a configuration that is none is refused`(configuration: [UInt8], reason: String) throws {
        let definition = EmbeddingTableDefinition(kind: .multi, sharedName: "t", configuration: configuration)
        let error = try refusal { _ = try fixture.engine().makeTables(definition, in: fixture.version) }
        #expect(error.code == .invalidArgument && error.message.contains(reason), "\(error)")
    }
}
