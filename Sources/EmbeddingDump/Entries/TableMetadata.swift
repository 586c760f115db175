import ModelSignatures
import ServingPrimitives

/// `monolith.hash_table.MultiHashTableMetadata`: how many entries of a table come next in a shard.
package struct TableMetadata: Hashable {
    package var name: String
    package var entryCount: UInt64

    package init(name: String, entryCount: UInt64) {
        self.name = name
        self.entryCount = entryCount
    }

    /// - Throws: what is wrong with the record.
    package init(_ record: UnsafeRawBufferPointer) throws(EntryFault) {
        var name: String?
        var entryCount: UInt64?
        do throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(record)
            while let (field, value) = try reader.next() {
                switch (field, value) {
                case (1, .bytes(let bytes)): name = try Self.text(bytes)
                case (2, .varint(let number)): entryCount = number
                case (1, _), (2, _): throw ProtobufReader.Malformed()
                default: break
                }
            }
        } catch {
            throw EntryFault(reason: "its data is no MultiHashTableMetadata message")
        }
        guard let name else { throw EntryFault(reason: "the table has no name") }
        guard Self.isPrintable(name) else {
            throw EntryFault(
                reason:
                    "the table's name is empty, longer than \(Self.maximumNameLength) bytes, or has control characters"
            )
        }
        self.init(name: name, entryCount: entryCount ?? 0)
    }

    package var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, name)
        writer.integer(2, Int(clamping: entryCount))
        return writer.bytes
    }

    private static let maximumNameLength = 4096

    private static func text(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ProtobufReader.Malformed() }
        return text
    }

    private static func isPrintable(_ name: String) -> Bool {
        (1...maximumNameLength).contains(name.utf8.count) && !name.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }
}
