package import ServingPrimitives

/// The bytes of the records of a file, one after the other.
///
/// Uncompressed they are the file. Compressed as TensorFlow does it (`tensorflow/core/lib/io/snappy`), the file is a row of
/// blocks, each with its length before it (4 bytes, big endian), which stand for the records' bytes wherever records begin
/// and end.
package struct RecordStream: Sendable {
    package enum Compression: Sendable, Hashable {
        case none
        case snappy
    }

    /// No block of an honest writer is larger: TensorFlow's have 256 KiB, or one record where that is longer.
    package static let maximumBlockLength = 64 << 20

    private let source: any TFRecordSource & Sendable
    private let name: String
    private let compression: Compression
    /// Of what is read next from the file.
    package private(set) var offset: UInt64 = 0
    private let compressed = GrowingBuffer<UInt8>()
    private let block = GrowingBuffer<UInt8>()
    private var blockPosition = 0
    private var blockEnd = 0

    /// - Parameter name: of the file, for errors.
    package init(_ source: any TFRecordSource & Sendable, name: String, compression: Compression) {
        self.source = source
        self.name = name
        self.compression = compression
    }

    /// How many bytes may still come, where that is known.
    package var remaining: UInt64? { compression == .none ? source.byteCount - offset : nil }

    /// Fills the memory with the next bytes.
    ///
    /// - Returns: how many. Fewer than there is room for: that was all.
    /// - Throws: `DATA_LOSS` for a damaged block; what the source throws.
    package mutating func fill(_ memory: UnsafeMutableRawBufferPointer) throws(ServingError) -> Int {
        switch compression {
        case .none:
            let count = Int(min(UInt64(memory.count), source.byteCount - offset))
            try source.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
            offset += UInt64(count)
            return count
        case .snappy:
            var filled = 0
            while filled < memory.count {
                if blockPosition == blockEnd {
                    guard try readBlock() else { break }
                }
                let count = min(blockEnd - blockPosition, memory.count - filled)
                let part = UnsafeRawBufferPointer(rebasing: block.raw[blockPosition..<blockPosition + count])
                UnsafeMutableRawBufferPointer(rebasing: memory[filled...]).copyMemory(from: part)
                blockPosition += count
                filled += count
            }
            return filled
        }
    }

    /// - Returns: false when there is none left.
    private mutating func readBlock() throws(ServingError) -> Bool {
        let start = offset
        guard start < source.byteCount else { return false }
        let length = try readBlockLength()
        compressed.reserve(length)
        let input = UnsafeMutableRawBufferPointer(rebasing: compressed.raw[..<length])
        try source.read(at: offset, into: input)
        do throws(Snappy.Malformed) {
            blockEnd = try Snappy.preamble(of: UnsafeRawBufferPointer(input)).length
            guard blockEnd <= Self.maximumBlockLength else {
                throw Snappy.Malformed(reason: "it says it holds \(blockEnd) bytes")
            }
            block.reserve(blockEnd)
            let output = UnsafeMutableRawBufferPointer(rebasing: block.raw[..<blockEnd])
            try Snappy.decode(UnsafeRawBufferPointer(input), into: output)
        } catch {
            throw damaged(start, error.reason)
        }
        offset += UInt64(length)
        blockPosition = 0
        return true
    }

    private mutating func readBlockLength() throws(ServingError) -> Int {
        let remaining = source.byteCount - offset
        guard remaining >= 4 else { throw damaged(offset, "the file ends after \(remaining) bytes of its length") }
        compressed.reserve(4)
        try source.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: compressed.raw[..<4]))
        let length = UInt32(bigEndian: compressed.raw.loadUnaligned(as: UInt32.self))
        guard UInt64(length) <= remaining - 4 else {
            throw damaged(offset, "it says it has \(length) bytes, and the file has \(remaining - 4) more")
        }
        guard length <= Self.maximumBlockLength else {
            throw damaged(offset, "it says it has \(length) bytes; at most \(Self.maximumBlockLength) are read")
        }
        offset += 4
        return Int(length)
    }

    private func damaged(_ start: UInt64, _ reason: String) -> ServingError {
        ServingError(.dataLoss, "\(name): the Snappy block at byte \(start) is damaged: \(reason)")
    }
}
