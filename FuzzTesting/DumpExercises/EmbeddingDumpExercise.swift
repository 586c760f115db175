package import EmbeddingDump
import ModelSignatures
package import ServingPrimitives

/// What fuzz-embedding-dump does with an input, and the tests with its corpus.
///
/// The input is read as a file of records, as it is and as Snappy blocks; as a compressed block, which has to come back when it
/// is compressed; and as the data of records whose checksums are right, which a plain walk over the fields has to agree with.
package enum EmbeddingDumpExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        faultInFile(bytes) ?? faultInBlock(bytes) ?? faultInCompression(bytes) ?? faultInRecords(bytes)
            ?? faultInEntry(bytes) ?? faultInMetadata(bytes)
    }

    // MARK: Files

    private static func faultInFile(_ bytes: [UInt8]) -> String? {
        for compression in [RecordStream.Compression.none, .snappy] {
            do throws(ServingError) {
                _ = try records(in: bytes, compression)
            } catch {
                guard error.code == .dataLoss, error.message.hasPrefix("file") else { return "another error: \(error)" }
            }
        }
        return nil
    }

    /// The data of all records.
    package static func records(
        in bytes: [UInt8],
        _ compression: RecordStream.Compression
    ) throws(ServingError) -> [[UInt8]] {
        var reader = RecordChunkReader(MemoryFile(bytes), name: "file", compression: compression)
        let chunk = RecordChunk()
        var records: [[UInt8]] = []
        while try reader.next(into: chunk) {
            for record in 0..<chunk.count {
                guard chunk.isIntact(record) else { throw ServingError(.dataLoss, "file, \(chunk.title(record))") }
                records.append(Array(chunk.data(record)))
            }
        }
        return records
    }

    private static func faultInRecords(_ bytes: [UInt8]) -> String? {
        let data = [Array(bytes.prefix(bytes.count / 2)), bytes, []]
        let file = data.flatMap(framed)
        for (compression, file) in [(RecordStream.Compression.none, file), (.snappy, blocks(file))] {
            guard (try? records(in: file, compression)) == data else { return "records are not read back" }
            for end in [1, file.count / 2, file.count - 1] {
                // What is cut off is noticed, or lies between two records.
                let rest = Array(file.prefix(end))
                guard let found = try? records(in: rest, compression) else { continue }
                guard data.starts(with: found), found.count < data.count else { return "records from nowhere" }
            }
        }
        return nil
    }

    /// `data` as a record.
    package static func framed(_ data: [UInt8]) -> [UInt8] {
        var record = [UInt8](repeating: 0, count: TFRecordFormat.byteCount(ofData: data.count))
        record.replaceSubrange(TFRecordFormat.headerBytes..<TFRecordFormat.headerBytes + data.count, with: data)
        record.withUnsafeMutableBytes { TFRecordFormat.seal($0) }
        return record
    }

    /// Bytes as blocks of a compressed file, small ones so that records lie across them.
    package static func blocks(_ bytes: [UInt8], length: Int = 50) -> [UInt8] {
        var file: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: length) {
            var block: [UInt8] = []
            bytes[start..<min(start + length, bytes.count)].withUnsafeBytes { Snappy.encode($0, to: &block) }
            withUnsafeBytes(of: UInt32(block.count).bigEndian) { file += $0 }
            file += block
        }
        return file
    }

    // MARK: Snappy

    private static func faultInBlock(_ bytes: [UInt8]) -> String? {
        guard let decoded = try? decoded(bytes) else { return nil }
        var encoded: [UInt8] = []
        decoded.withUnsafeBytes { Snappy.encode($0, to: &encoded) }
        return (try? self.decoded(encoded)) == decoded ? nil : "a decoded block does not come back"
    }

    private static func faultInCompression(_ bytes: [UInt8]) -> String? {
        for bytes in [bytes, bytes + bytes.reversed() + bytes] {
            var encoded: [UInt8] = []
            bytes.withUnsafeBytes { Snappy.encode($0, to: &encoded) }
            guard encoded.count <= bytes.count + bytes.count / 6 + 32 else { return "compressed bytes are much longer" }
            guard (try? decoded(encoded)) == bytes else { return "compressed bytes do not come back" }
        }
        return nil
    }

    /// What a block holds. One that says it has more than a hundred times its own bytes is not tried: it cannot.
    package static func decoded(_ block: [UInt8]) throws(Snappy.Malformed) -> [UInt8] {
        let outcome: Result<[UInt8], Snappy.Malformed> = block.withUnsafeBytes { input in
            Result { () throws(Snappy.Malformed) -> [UInt8] in
                let length = try Snappy.preamble(of: input).length
                guard length <= 100 * input.count else { return [] }
                var output = [UInt8](repeating: 0xAA, count: length)
                let decoding: Result<Void, Snappy.Malformed> = output.withUnsafeMutableBytes { output in
                    Result { () throws(Snappy.Malformed) -> Void in try Snappy.decode(input, into: output) }
                }
                try decoding.get()
                return output
            }
        }
        return try outcome.get()
    }

    // MARK: Messages

    private struct Entry: Equatable {
        var id: Int64
        var updateTime: Int64
        var values: [UInt32]
        var optimizer: [UInt8]?
    }

    private static func faultInEntry(_ bytes: [UInt8]) -> String? {
        let found = bytes.withUnsafeBytes { entry($0) }
        let expected = bytes.withUnsafeBytes { walked($0) }
        guard found == expected else {
            return "read \(String(describing: found)), expected \(String(describing: expected))"
        }
        guard let found else { return nil }
        for isPacked in [false, true] {
            let written = encoded(found, isPacked: isPacked)
            guard written.withUnsafeBytes({ entry($0) }) == found else { return "\(found) does not come back" }
        }
        return nil
    }

    private static func entry(_ record: UnsafeRawBufferPointer) -> Entry? {
        let values = GrowingBuffer<Float>(capacity: DumpedEntry.maximumValueCount(in: record))
        guard let entry = try? DumpedEntry(record, values: values.memory) else { return nil }
        return Entry(
            id: entry.id,
            updateTime: entry.updateTime,
            values: values.memory[..<entry.valueCount].map(\.bitPattern),
            optimizer: entry.optimizer.map { Array($0) }
        )
    }

    /// Field by field, without the way for entries as training writes them.
    private static func walked(_ record: UnsafeRawBufferPointer) -> Entry? {
        var id: Int64?
        var entry = Entry(id: 0, updateTime: 0, values: [], optimizer: nil)
        var reader = ProtobufReader(record)
        do throws(ProtobufReader.Malformed) {
            while let (field, value) = try reader.next() {
                switch (field, value) {
                case (1, .fixed64(let bits)): id = Int64(bitPattern: bits)
                case (2, .fixed32(let bits)): entry.values.append(bits)
                case (2, .bytes(let packed)):
                    guard packed.count.isMultiple(of: 4) else { return nil }
                    for offset in stride(from: 0, to: packed.count, by: 4) {
                        entry.values.append(packed.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                    }
                case (3, .bytes(let state)): entry.optimizer = Array(state)
                case (4, .varint(let seconds)): entry.updateTime = Int64(bitPattern: seconds)
                case (1...4, _): return nil
                default: break
                }
            }
        } catch {
            return nil
        }
        guard let id, !entry.values.isEmpty else { return nil }
        entry.id = id
        return entry
    }

    private static func encoded(_ entry: Entry, isPacked: Bool) -> [UInt8] {
        entry.values.map(Float.init(bitPattern:)).withUnsafeBufferPointer { values in
            (entry.optimizer ?? []).withUnsafeBytes { optimizer in
                let encoder = EntryEncoder(
                    id: entry.id,
                    values: values,
                    updateTime: entry.updateTime,
                    optimizer: entry.optimizer == nil ? nil : optimizer,
                    isPacked: isPacked
                )
                var bytes = [UInt8](repeating: 0, count: encoder.byteCount)
                bytes.withUnsafeMutableBytes { encoder.write(into: $0) }
                return bytes
            }
        }
    }

    private static func faultInMetadata(_ bytes: [UInt8]) -> String? {
        guard let found = bytes.withUnsafeBytes({ try? TableMetadata($0) }) else { return nil }
        guard found.entryCount <= UInt64(Int.max) else { return nil }
        return found.encoded.withUnsafeBytes { try? TableMetadata($0) } == found ? nil : "\(found) does not come back"
    }
}

/// A file in memory.
package struct MemoryFile: TFRecordSource, Sendable {
    private let bytes: [UInt8]
    package var byteCount: UInt64 { UInt64(bytes.count) }

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
        let start = Int(offset)
        buffer.copyBytes(from: bytes[start..<start + buffer.count])
    }
}
