/// Where a `TFRecordReader` takes its bytes from.
public protocol TFRecordSource {
    var byteCount: UInt64 { get }

    /// Fills `buffer` with the bytes from `offset` on. All of them lie within `byteCount` when this is called.
    ///
    /// - Throws: why they cannot be read.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ServingError)
}

/// Reads the records of a TFRecord file, front to back.
///
/// `TFRecordFormat` says how they are framed. Errors are those of TensorFlow's reader (`tensorflow/core/lib/io/record_reader.cc`): a file that ends inside a header ends there, one that ends inside
/// data is truncated. No record takes more memory than the file has bytes.
public struct TFRecordReader<Source: TFRecordSource> {
    private let source: Source
    private var offset: UInt64 = 0

    public init(_ source: Source) { self.source = source }

    /// The next record, `nil` at the end.
    ///
    /// - Throws: `DATA_LOSS` when a checksum does not fit or the file ends too early; what the source throws.
    public mutating func next() throws(ServingError) -> TFRecord? {
        guard source.byteCount - offset >= UInt64(TFRecordFormat.headerBytes) else { return nil }
        let length = try readLength()
        let dataOffset = offset + UInt64(TFRecordFormat.headerBytes)
        let (wanted, overflow) = length.addingReportingOverflow(UInt64(TFRecordFormat.checksumBytes))
        guard !overflow else { throw ServingError(.dataLoss, "record size too large") }
        guard wanted <= source.byteCount - dataOffset, let byteCount = Int(exactly: wanted) else {
            throw ServingError(
                .dataLoss,
                "truncated record at \(offset)' failed with Read less bytes than requested"
            )
        }
        let record = TFRecord(byteCountWithChecksum: byteCount)
        try source.read(at: dataOffset, into: record.memory)
        guard TFRecordFormat.isIntact(UnsafeRawBufferPointer(record.memory)) else { throw Self.corrupted(dataOffset) }
        offset = dataOffset + wanted
        return record
    }

    private func readLength() throws(ServingError) -> UInt64 {
        let header = TFRecord(byteCountWithChecksum: TFRecordFormat.headerBytes)
        try source.read(at: offset, into: header.memory)
        guard let length = TFRecordFormat.dataLength(ofHeader: UnsafeRawBufferPointer(header.memory)) else {
            throw Self.corrupted(offset)
        }
        return length
    }

    private static func corrupted(_ offset: UInt64) -> ServingError {
        let question = offset == 0 ? " (Is this even a TFRecord file?)" : ""
        return ServingError(.dataLoss, "corrupted record at \(offset)\(question)")
    }
}

/// The data of one record, in memory that stays for as long as anything refers to it.
public final class TFRecord: @unchecked Sendable {
    // Sendable: written only by the reader that makes it, before anyone else has it.
    fileprivate let memory: UnsafeMutableRawBufferPointer

    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory.dropLast(TFRecordFormat.checksumBytes))
    }

    fileprivate init(byteCountWithChecksum: Int) {
        memory = .allocate(byteCount: byteCountWithChecksum, alignment: 64)
    }

    deinit { memory.deallocate() }
}
