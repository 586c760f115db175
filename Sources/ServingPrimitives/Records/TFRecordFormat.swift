/// How a TFRecord file frames each record: its length (8 bytes, little endian), a masked CRC-32C of that, the data, and a
/// masked CRC-32C of the data. There is nothing before the first record and nothing after the last.
///
/// https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
public enum TFRecordFormat {
    public static let checksumBytes = 4
    public static let headerBytes = 8 + checksumBytes

    /// What a record with so many bytes of data takes in a file.
    public static func byteCount(ofData count: Int) -> Int { headerBytes + count + checksumBytes }

    /// How many bytes of data a record says it has.
    ///
    /// - Parameter header: the first `headerBytes` of the record.
    /// - Returns: `nil` when the checksum of the length does not fit.
    public static func dataLength(ofHeader header: UnsafeRawBufferPointer) -> UInt64? {
        precondition(header.count == headerBytes, "a header has \(headerBytes) bytes, not \(header.count)")
        guard isIntact(header) else { return nil }
        return UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
    }

    /// Writes what stands before and after the data, which is in its place already, `headerBytes` from the start.
    ///
    /// - Parameter record: the whole record.
    public static func seal(_ record: UnsafeMutableRawBufferPointer) {
        let count = record.count - byteCount(ofData: 0)
        precondition(count >= 0, "a record has \(record.count) bytes, its frame alone takes \(byteCount(ofData: 0))")
        record.storeBytes(of: UInt64(count).littleEndian, as: UInt64.self)
        store(checksumOf: record[..<8], in: record, at: 8)
        store(checksumOf: record[headerBytes..<headerBytes + count], in: record, at: headerBytes + count)
    }

    /// Whether the last four of `bytes` are the checksum of those before, as in a header, and in data with its checksum.
    public static func isIntact(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let end = bytes.count - checksumBytes
        let stored = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self))
        return stored == CRC32C.masked(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    }

    private static func store(
        checksumOf bytes: Slice<UnsafeMutableRawBufferPointer>,
        in record: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) {
        let checksum = CRC32C.masked(UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: bytes)))
        record.storeBytes(of: checksum.littleEndian, toByteOffset: offset, as: UInt32.self)
    }
}
