package import ServingPrimitives

/// Cuts the bytes of a file's records into chunks of whole records, front to back.
///
/// The checksums of lengths are checked here, as the next record is found by them; those of data are left to whoever takes
/// the chunk, on a thread of its own. Unlike TensorFlow's reader it takes no file that ends inside a header for a whole one.
package struct RecordChunkReader: Sendable {
    /// Bytes of a chunk, where no record is longer: fits into a core's own cache.
    package static let chunkLength = 1 << 18
    /// Of a record. An entry of a million values has five megabytes, and as much again for each slot of its optimizer.
    package static let maximumRecordLength = 64 << 20

    private let name: String
    private var stream: RecordStream
    /// The beginning of a record whose rest was not read yet.
    private let rest = GrowingBuffer<UInt8>()
    private var restCount = 0
    private var isAtEnd = false
    /// Records that were handed out.
    package private(set) var recordCount = 0
    private var byteCount: UInt64 = 0

    /// - Parameter name: of the file, for errors.
    package init(
        _ source: any TFRecordSource & Sendable,
        name: String,
        compression: RecordStream.Compression = .none
    ) {
        self.name = name
        stream = RecordStream(source, name: name, compression: compression)
    }

    /// Bytes of the file that were read.
    package var fileBytesRead: UInt64 { stream.offset }

    /// Puts the next records into the chunk.
    ///
    /// - Returns: false at the end.
    /// - Throws: `DATA_LOSS` for what is damaged or cut off, with the file and the record; what the source throws.
    package mutating func next(into chunk: RecordChunk) throws(ServingError) -> Bool {
        chunk.places.removeAll(keepingCapacity: true)
        chunk.firstRecord = recordCount
        chunk.firstByte = byteCount
        chunk.buffer.reserve(max(Self.chunkLength, restCount))
        chunk.buffer.raw.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.raw[..<restCount]))
        var filled = restCount
        while true {
            filled += try fill(chunk, from: filled)
            let (end, wanted) = try findRecords(in: chunk, upTo: filled)
            if !chunk.places.isEmpty {
                keep(UnsafeRawBufferPointer(rebasing: chunk.buffer.raw[end..<filled]))
                recordCount += chunk.count
                byteCount += UInt64(end)
                return true
            }
            guard !isAtEnd else {
                if filled == 0 { return false }
                throw damaged(chunk, at: 0, "the file ends inside it")
            }
            chunk.buffer.reserve(wanted, keeping: filled)
        }
    }

    private mutating func fill(_ chunk: RecordChunk, from start: Int) throws(ServingError) -> Int {
        guard !isAtEnd else { return 0 }
        let room = UnsafeMutableRawBufferPointer(rebasing: chunk.buffer.raw[start...])
        do throws(ServingError) {
            let count = try stream.fill(room)
            isAtEnd = count < room.count
            return count
        } catch {
            guard error.code == .dataLoss else { throw error }
            throw ServingError(.dataLoss, "\(error.message); it is in or behind record \(recordCount)")
        }
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        rest.reserve(bytes.count)
        rest.raw.copyMemory(from: bytes)
        restCount = bytes.count
    }

    /// - Returns: where the last whole record ends, and how many bytes from the chunk's start on the one behind it needs.
    private func findRecords(
        in chunk: RecordChunk,
        upTo filled: Int
    ) throws(ServingError) -> (end: Int, wanted: Int) {
        var start = 0
        while filled - start >= TFRecordFormat.headerBytes {
            let headerEnd = start + TFRecordFormat.headerBytes
            let header = UnsafeRawBufferPointer(rebasing: chunk.buffer.raw[start..<headerEnd])
            guard let length = TFRecordFormat.dataLength(ofHeader: header) else {
                throw damaged(chunk, at: start, "the checksum of its length does not fit")
            }
            guard length <= UInt64(Self.maximumRecordLength) else {
                let limit = Self.maximumRecordLength
                throw damaged(chunk, at: start, "it says it has \(length) bytes; at most \(limit) are read")
            }
            let end = start + TFRecordFormat.byteCount(ofData: Int(length))
            guard end <= filled else {
                if let remaining = stream.remaining, UInt64(end - filled) > remaining {
                    let there = filled - start + Int(remaining)
                    throw damaged(chunk, at: start, "the file ends inside it, after \(there) of \(end - start) bytes")
                }
                return (start, end)
            }
            chunk.places.append((headerEnd, Int(length)))
            start = end
        }
        return (start, start + TFRecordFormat.headerBytes)
    }

    private func damaged(_ chunk: RecordChunk, at start: Int, _ reason: String) -> ServingError {
        let number = chunk.firstRecord + chunk.places.count
        let offset = chunk.firstByte + UInt64(start)
        return ServingError(.dataLoss, "\(name), record \(number) (at byte \(offset)): \(reason)")
    }
}
