import DumpExercises
import ServingPrimitives
import Synchronization
import Testing

@testable import EmbeddingDump

@Suite struct DumpImportTests {
    /// More than one chunk of each.
    private static let rows: [(name: String, entries: [ReadEntry])] = [("a", 3), ("b", 1), ("c", 40)].map {
        name,
        width in
        let entries = (0..<4000).map { id in
            ReadEntry(table: name, id: Int64(id), values: (0..<width).map { Float(id * $0) }, updateTime: Int64(id))
        }
        return (name, entries)
    }

    private static let expected = rows.flatMap(\.entries)

    private func dump(_ folder: TestFolder) throws -> DumpImport {
        try write(Self.rows, to: folder.file("t"))
        return try DumpImport(try DumpCatalog(at: folder.path).complete())
    }

    @Test(arguments: [1, 2, 8])
    func `each entry is handed over once, however many threads read`(_ threads: Int) throws {
        let folder = try TestFolder()
        let progress = ImportProgress()
        let found = Mutex<[ReadEntry]>([])
        let workers = Mutex<Set<Int>>([])
        let source = try dump(folder)
        let names = source.tables.map(\.name)
        try source.run(threads: threads, progress: progress) { batch in
            workers.withLock { _ = $0.insert(batch.worker) }
            let part = (0..<batch.count).map { index in
                ReadEntry(
                    table: names[batch.table],
                    id: batch.ids[index],
                    values: Array(batch.row(index)),
                    updateTime: batch.updateTimes[index]
                )
            }
            found.withLock { $0 += part }
        }
        #expect(found.withLock { $0 }.sorted { ($0.table, $0.id) < ($1.table, $1.id) } == Self.expected)
        #expect(workers.withLock { $0.isSubset(of: Set(0..<threads)) })
        #expect(progress.entryCount == UInt64(Self.expected.count))
        #expect(progress.bytesRead == source.byteCount)
    }

    @Test func `one thread reads a file in its order`() throws {
        let folder = try TestFolder()
        let ids = Mutex<[Int64]>([])
        try dump(folder).run(threads: 1) { batch in ids.withLock { $0 += Array(batch.ids) } }
        #expect(ids.withLock { $0 } == Self.expected.map(\.id))
    }

    @Test func `tables that are not selected are stepped over`() throws {
        let folder = try TestFolder()
        try write(Self.rows, to: folder.file("t"))
        let source = try DumpImport(try DumpCatalog(at: folder.path).complete(), selecting: { $0 == "b" })
        #expect(source.tables.map(\.name) == ["b"])
        #expect(source.skippedTables == ["a", "c"])
        #expect(try source.entries(threads: 2).map(\.content) == Self.rows[1].entries)
    }

    @Test func `what the taker throws ends the import`() throws {
        let folder = try TestFolder()
        let calls = Atomic<Int>(0)
        #expect(throws: ServingError.unavailable("full")) {
            try dump(folder).run(threads: 1) { (_) throws(ServingError) in
                calls.wrappingAdd(1, ordering: .relaxed)
                throw .unavailable("full")
            }
        }
        #expect(calls.load(ordering: .relaxed) == 1)
    }

    @Test func `an import may be cancelled`() throws {
        let folder = try TestFolder()
        let progress = ImportProgress()
        let error = #expect(throws: ServingError.self) {
            try dump(folder).run(threads: 2, progress: progress) { _ in progress.cancel() }
        }
        #expect(error?.code == .cancelled)
        #expect(progress.entryCount < UInt64(Self.expected.count))
    }

    @Test func `tables of several dumps are one when they have one name`() throws {
        let folder = try TestFolder()
        try write([("a", [ReadEntry(table: "a", id: 1, values: [1])])], to: folder.file("x"))
        try write([("a", [ReadEntry(table: "a", id: 2, values: [2])]), ("b", [])], to: folder.file("y"))
        let source = try DumpImport(try DumpCatalog(at: folder.path).complete())
        #expect(source.tables.map(\.name) == ["a", "b"])
        #expect(source.tables.map(\.entryCount) == [2, 0])
        #expect(try source.entries().map(\.id) == [1, 2])
    }

    @Test func `a record larger than a chunk is read`() throws {
        let folder = try TestFolder()
        let rows = [
            ReadEntry(table: "a", id: 1, values: [Float](repeating: 1, count: 200_000)),
            ReadEntry(table: "a", id: 2, values: [Float](repeating: 2, count: 200_000)),
        ]
        try write([("a", rows)], to: folder.file("t"))
        #expect(try entries(at: folder.path).map(\.content) == rows)
    }

    @Test func `lengths beyond all bounds take no memory`() throws {
        for length in [UInt64.max, UInt64(Int.max), 65 << 20, 1000] {
            var file = EmbeddingDumpExercise.framed([])
            withUnsafeBytes(of: length.littleEndian) { file.replaceSubrange(0..<8, with: $0) }
            let checksum = file[0..<8].withUnsafeBytes { CRC32C.masked($0) }
            withUnsafeBytes(of: checksum.littleEndian) { file.replaceSubrange(8..<12, with: $0) }
            for (compression, file) in [
                (RecordStream.Compression.none, file), (.snappy, EmbeddingDumpExercise.blocks(file)),
            ] {
                let error = #expect(throws: ServingError.self) {
                    try EmbeddingDumpExercise.records(in: file, compression)
                }
                #expect(error?.code == .dataLoss)
                #expect(error?.message.hasPrefix("file, record 0 (at byte 0): ") == true)
            }
        }
        // A block that says it has 4 GiB, and one that says it holds them.
        for file: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF, 0], [0, 0, 0, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0]] {
            let error = #expect(throws: ServingError.self) { try EmbeddingDumpExercise.records(in: file, .snappy) }
            #expect(error?.message.hasPrefix("file: the Snappy block at byte 0 is damaged: it says it ") == true)
        }
    }
}
