import Testing

@testable import EmbeddingDump

@Suite struct DumpedEntryTests {
    private static let id: [UInt8] = [0x09, 10, 0, 0, 0, 0, 0, 0, 0]
    private static let one: [UInt8] = [0x15, 0, 0, 0x80, 0x3F]
    private static let two: [UInt8] = [0x15, 0, 0, 0, 0x40]
    private static let packed: [UInt8] = [0x12, 8, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]

    private func read(_ record: [UInt8]) throws(EntryFault) -> (DumpedEntry, [Float]) {
        let values = GrowingBuffer<Float>(capacity: record.count / 4)
        let outcome: Result<DumpedEntry, EntryFault> = record.withUnsafeBytes { bytes in
            Result { () throws(EntryFault) -> DumpedEntry in try DumpedEntry(bytes, values: values.memory) }
        }
        let entry = try outcome.get()
        return (entry, Array(values.memory[..<entry.valueCount]))
    }

    @Test(arguments: [
        id + one + two, id + packed, one + id + two, packed + id, id + one + [0x12, 4, 0, 0, 0, 0x40],
        // Fields of later versions.
        id + one + [0x28, 7] + two + [0x35, 1, 2, 3, 4] + [0x39, 1, 2, 3, 4, 5, 6, 7, 8] + [0x42, 1, 0],
        // The last one counts.
        [0x09, 1, 2, 3, 4, 5, 6, 7, 8] + one + two + id,
    ])
    func `values are read packed and unpacked, and fields in any order`(_ record: [UInt8]) throws {
        let (entry, values) = try read(record)
        #expect(entry.id == 10)
        #expect(values == [1, 2])
        #expect(entry.updateTime == 0)
    }

    @Test func `time and optimizer are read`() throws {
        let (entry, _) = try read(Self.id + Self.one + [0x1A, 2, 0x0A, 0x00] + [0x20, 0xD2, 0xE8, 0xE2, 0x85, 0x06])
        #expect(entry.updateTime == 1_622_717_522)
        #expect(entry.optimizer?.count == 2)
        #expect(!entry.isPacked)
        #expect(try read(Self.id + Self.packed).0.isPacked)
    }

    @Test func `ids and times may be negative`() throws {
        let minusOne = [UInt8](repeating: 0xFF, count: 9)
        let (entry, _) = try read([0x09] + minusOne.prefix(8) + Self.one + [0x20] + minusOne + [0x01])
        #expect(entry.id == -1)
        #expect(entry.updateTime == -1)
    }

    @Test(
        arguments: [
            ([], "the entry has no id"), (one, "the entry has no id"), (id, "the entry has no values"),
            (id + [0x12, 0], "the entry has no values"),
            (id + one.dropLast(), "its data is no EntryDump message: a field is malformed or cut off"),
            (id + [0x12, 3, 0, 0, 0], "its data is no EntryDump message: a field is malformed or cut off"),
            (id + [0x12, 8, 0, 0, 0, 0], "its data is no EntryDump message: a field is malformed or cut off"),
            (id + one + [0x13], "its data is no EntryDump message: a field is malformed or cut off"),
            ([0x08, 10] + one, "its data is no EntryDump message: the field id is of another type"),
            (id + [0x10, 1], "its data is no EntryDump message: the field num is of another type"),
            (id + one + [0x18, 1], "its data is no EntryDump message: the field opt is of another type"),
            (
                id + one + [0x25, 1, 2, 3, 4],
                "its data is no EntryDump message: the field last_update_ts_sec is of another type"
            ),
        ] as [([UInt8], String)]
    )
    func `what is no entry is refused`(_ record: [UInt8], _ reason: String) {
        #expect(throws: EntryFault(reason: reason)) { try read(record) }
    }

    @Test func `names of tables are checked`() {
        func read(_ bytes: [UInt8]) throws(EntryFault) -> TableMetadata {
            let outcome: Result<TableMetadata, EntryFault> = bytes.withUnsafeBytes { bytes in
                Result { () throws(EntryFault) -> TableMetadata in try TableMetadata(bytes) }
            }
            return try outcome.get()
        }
        #expect(try! read([0x0A, 1, 0x61, 0x10, 3]) == TableMetadata(name: "a", entryCount: 3))
        #expect(try! read([0x0A, 1, 0x61]) == TableMetadata(name: "a", entryCount: 0))
        for bytes: [UInt8] in [
            [], [0x10, 3], [0x0A, 0], [0x0A, 1, 0], [0x0A, 1, 0xFF], [0x0A, 2, 0x61], [0x08, 1],
        ] {
            #expect(throws: EntryFault.self) { try read(bytes) }
        }
    }
}
