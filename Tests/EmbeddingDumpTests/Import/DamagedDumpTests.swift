import EmbeddingDump
import ServingPrimitives
import Testing

@Suite struct DamagedDumpTests {
    private static let rows: [(name: String, entries: [ReadEntry])] = [
        ("a", (0..<3).map { ReadEntry(table: "a", id: $0, values: [Float($0), 0.25, -7], updateTime: 5) }),
        ("b", [ReadEntry(table: "b", id: -1, values: [1])]),
    ]

    /// What is read of a folder is all of `expected`, or there is an error that names the file and the record.
    private func expectNoticed(_ folder: TestFolder, _ file: String, _ expected: [ReadEntry], _ change: String) {
        do throws(ServingError) {
            // A change of compressed bytes may leave what they stand for as it is.
            #expect(try entries(at: folder.path) == expected, "\(change) was not noticed")
        } catch {
            #expect([.dataLoss, .invalidArgument].contains(error.code), "\(change): \(error)")
            #expect(error.message.contains(folder.file(file)), "\(change): \(error)")
            #expect(error.message.contains("record"), "\(change): \(error)")
        }
    }

    private func expectEveryFlipNoticed(_ folder: TestFolder, _ file: String, mayBeHarmless: Bool) throws {
        let expected = try entries(at: folder.path)
        let bytes = try folder.read(file)
        var harmless = 0
        for position in bytes.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var changed = bytes
                changed[position] ^= mask
                try folder.write(changed, to: file)
                expectNoticed(folder, file, expected, "byte \(position) of \(file) xor \(mask)")
                if (try? entries(at: folder.path)) != nil { harmless += 1 }
            }
        }
        #expect(mayBeHarmless ? harmless < bytes.count / 10 : harmless == 0)
    }

    @Test func `every changed byte of a plain dump is noticed`() throws {
        let folder = try TestFolder()
        for shard in 0..<4 {
            let name = "MonolithHashTable_0b9721ec6fc5396c38499b5be394b722_0-0000\(shard)-of-00004"
            let golden = try LocalFile.contents(of: "\(Golden.version)/assets/\(name)", limit: 10_000)
            try folder.write(golden, to: name)
        }
        let file = "MonolithHashTable_0b9721ec6fc5396c38499b5be394b722_0-00000-of-00004"
        try expectEveryFlipNoticed(folder, file, mayBeHarmless: false)
    }

    @Test(arguments: [("t-00000-of-00001", true), ("t.meta-00000-of-00001", false)])
    func `every changed byte of a dump of several tables is noticed`(_ file: String, _ mayBeHarmless: Bool) throws {
        let folder = try TestFolder()
        try write(Self.rows, to: folder.file("t"))
        try expectEveryFlipNoticed(folder, file, mayBeHarmless: mayBeHarmless)
    }

    @Test func `a plain dump that was cut inside a record is noticed`() throws {
        let folder = try TestFolder()
        let source = "\(Golden.version)/assets/MonolithHashTable_0b9721ec6fc5396c38499b5be394b722_0-00000-of-00004"
        let bytes = try LocalFile.contents(of: source, limit: 10_000)
        for end in bytes.indices where end % 212 != 0 {
            try folder.write(Array(bytes.prefix(end)), to: "t-00000-of-00001")
            let error = #expect(throws: ServingError.self) { try entries(at: folder.path) }
            let record = end / 212
            #expect(error?.message.contains("t-00000-of-00001, record \(record) (at byte \(record * 212))") == true)
        }
    }

    @Test func `a dump of several tables that was cut anywhere is noticed`() throws {
        let folder = try TestFolder()
        try write(Self.rows, to: folder.file("t"))
        for file in ["t-00000-of-00001", "t.meta-00000-of-00001"] {
            let bytes = try folder.read(file)
            for end in bytes.indices {
                try folder.write(Array(bytes.prefix(end)), to: file)
                let error = #expect(throws: ServingError.self) { try entries(at: folder.path) }
                #expect(error?.code == .dataLoss, "\(end) bytes: \(String(describing: error))")
                #expect(
                    error?.message.contains("t-00000-of-00001") == true || error?.message.contains("t.meta") == true
                )
            }
            try folder.write(bytes, to: file)
        }
    }

    @Test func `entries and metadata that disagree are refused`() throws {
        let (few, many) = (try TestFolder(), try TestFolder())
        let rows = Self.rows[0].entries
        try write([("a", rows), ("b", [rows[0]])], to: few.file("t"))
        try write([("a", rows + rows)], to: many.file("t"))
        let (data, metadata) = (try few.read("t-00000-of-00001"), try few.read("t.meta-00000-of-00001"))
        try few.write(try many.read("t-00000-of-00001"), to: "t-00000-of-00001")
        #expect(
            throws: ServingError(
                .dataLoss,
                "\(few.file("t-00000-of-00001")) has more entries; \(few.file("t.meta-00000-of-00001")) counts 4"
            )
        ) { try entries(at: few.path) }
        try many.write(data, to: "t-00000-of-00001")
        #expect(
            throws: ServingError(
                .dataLoss,
                "\(many.file("t-00000-of-00001")) ends after 4 entries; "
                    + "\(many.file("t.meta-00000-of-00001")) counts 6"
            )
        ) { try entries(at: many.path) }
        try many.write(metadata, to: "t.meta-00000-of-00001")
        #expect(try entries(at: many.path).count == 4)
    }

    @Test func `rows of one table have one width`() throws {
        let folder = try TestFolder()
        let rows = [ReadEntry(table: "a", id: 1, values: [1, 2]), ReadEntry(table: "a", id: 2, values: [1, 2, 3])]
        try write([("a", rows)], to: folder.file("t"))
        let path = folder.file("t-00000-of-00001")
        let error = #expect(throws: ServingError.self) { try entries(at: folder.path) }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.message
                == "\(path), record 1 (at byte 37): the row of id 2 has 3 values; rows of table a have 2 (as in \(path), "
                + "record 0 (at byte 0))"
        )
    }

    @Test func `rows have the width that is asked for`() throws {
        let folder = try TestFolder()
        try write(Self.rows, to: folder.file("t"))
        #expect(try entries(at: folder.path, widths: ["a": 3, "b": 1]).count == 4)
        let error = #expect(throws: ServingError.self) { try entries(at: folder.path, widths: ["b": 17]) }
        #expect(error?.message.contains("record 3 ") == true)
        #expect(error?.message.contains("the row of id -1 has 1 values; rows of table b have 17 (expected)") == true)
    }

    @Test func `records that are no entries are refused`() throws {
        let folder = try TestFolder()
        let writer = try DumpShardWriter(
            try DumpFiles(base: folder.file("t"), layout: .plain, shardCount: 1),
            shard: 0
        )
        for record: [UInt8] in [[0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x15, 0, 0, 0, 0], [0x08, 1]] {
            try record.withUnsafeBytes { try writer.append(record: $0) }
        }
        try writer.finish()
        let error = #expect(throws: ServingError.self) { try entries(at: folder.path) }
        #expect(error?.code == .invalidArgument)
        let reason = "its data is no EntryDump message: the field id is of another type"
        #expect(error?.message == "\(folder.file("t-00000-of-00001")), record 1 (at byte 30): \(reason)")
    }
}
