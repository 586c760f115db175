import EmbeddingDump
import ServingPrimitives
import Synchronization
import Testing

@Suite struct DumpReportTests {
    private static let rows: [(name: String, entries: [ReadEntry])] = [
        (
            "items",
            [
                ReadEntry(table: "items", id: 1, values: [0, -0.0], updateTime: 1_622_716_114),
                ReadEntry(table: "items", id: 2, values: [.nan, 1], updateTime: 1_622_800_000),
                ReadEntry(table: "items", id: 3, values: [1, .infinity]),
            ]
        ),
        ("none", []),
    ]

    @Test func `a report tells of each table, and what is odd`() throws {
        let folder = try TestFolder()
        try write(Self.rows, to: folder.file("t"))
        let dumps = try DumpCatalog(at: folder.path).complete()
        let report = try DumpReport(dumps, reading: try DumpImport(dumps), threads: 1)
        #expect(
            report.text == """
                \(folder.file("t")): several tables, Snappy, 1 shard

                table  entries  width  updated                                      optimizer  values
                items        3      2  2021-06-03T10:28:34Z – 2021-06-04T09:46:40Z  none       unpacked
                none         0      –  –                                            –          –

                2 tables, 3 entries, \(report.byteCount) bytes
                table items: values are infinite or no numbers in 2 of 3 rows
                table items: all values are zero in 1 of 3 rows

                """
        )
        #expect(
            report.json == """
                {"dumps": [{"base": "\(folder.file("t"))", "layout": "multi", "shards": 1}], "bytes": \(report.byteCount), \
                "complete": true, "tables": [{"name": "items", "entries": 3, "width": 2, "zero_rows": 1, \
                "non_finite_rows": 2, "packed_rows": 0, "optimizers": [], "first_update": 1622716114, \
                "last_update": 1622800000}, {"name": "none", "entries": 0, "width": 0, "zero_rows": 0, \
                "non_finite_rows": 0, "packed_rows": 0, "optimizers": []}]}
                """
        )
    }

    @Test func `metadata alone tells what it can`() throws {
        let multi = try DumpCatalog(at: Golden.multi).complete()
        let report = DumpReport(multi, metadataOnly: try DumpImport(multi))
        #expect(report.entryCount == 310)
        #expect(report.json.contains(#"{"name": "a", "entries": 300}"#))
        let plain = try DumpCatalog(at: Golden.version).complete()
        let unknown = DumpReport(plain, metadataOnly: try DumpImport(plain))
        #expect(unknown.text.contains("20 tables, entries not counted, "))
    }

    @Test func `optimizers are named`() throws {
        let dumps = try DumpCatalog(at: Golden.version).complete()
        let report = try DumpReport(dumps, reading: try DumpImport(dumps), threads: 1)
        #expect(Set(report.tables.flatMap(\.optimizers)) == ["sgd", "ftrl, sgd"])
        #expect(report.text.contains("20 tables, 30 entries, 5.3 kB"))
    }

    @Test func `an entry is a line of JSON`() throws {
        let folder = try TestFolder()
        try write([("it\"ems", Self.rows[0].entries)], to: folder.file("t"))
        let source = try DumpImport(try DumpCatalog(at: folder.path).complete())
        let text = Mutex<[UInt8]>([])
        try source.run(threads: 1) { batch in
            for index in 0..<batch.count {
                text.withLock { EntryLine.append(batch, index, table: source.tables[batch.table].name, to: &$0) }
            }
        }
        #expect(
            String(decoding: text.withLock { $0 }, as: UTF8.self) == #"""
                {"table": "it\"ems", "id": 1, "update_time": 1622716114, "values": [0.0, -0.0]}
                {"table": "it\"ems", "id": 2, "update_time": 1622800000, "values": ["NaN", 1.0]}
                {"table": "it\"ems", "id": 3, "update_time": 0, "values": [1.0, "Infinity"]}

                """#
        )
    }
}
