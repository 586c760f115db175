import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes a TFRecord file, compressed or not, which gets its name when it is whole.
///
/// The file is open only while bytes go to it: there may be more such files than a process may have open.
final class RecordFileWriter: @unchecked Sendable {
    // Sendable: whoever holds the lock around it, or has made it, is the only one that uses it.
    private let temporaryPath: String
    private let compression: RecordStream.Compression
    private let buffer = GrowingBuffer<UInt8>()
    private var filled = 0
    private var blocks: [UInt8] = []
    private var isFinished = false

    /// Bytes go to the file in parts of this length; TensorFlow's reader takes blocks up to 256 KiB, compressed or not.
    private static let partLength = Snappy.fragmentLength

    /// - Parameter temporaryPath: of a file that is not there yet; it is removed again when the writer goes before `finish`.
    /// - Throws: why it cannot be made.
    init(_ temporaryPath: String, compression: RecordStream.Compression) throws(ServingError) {
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw DumpFile.systemError(temporaryPath, errno) }
        close(descriptor)
        self.temporaryPath = temporaryPath
        self.compression = compression
    }

    deinit { discard() }

    /// Removes what was written, unless it has its name.
    func discard() {
        guard !isFinished else { return }
        isFinished = true
        unlink(temporaryPath)
    }

    /// - Parameters:
    ///   - byteCount: of the record's data.
    ///   - write: fills that memory.
    func append(byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) throws(ServingError) {
        guard byteCount <= RecordChunkReader.maximumRecordLength else {
            throw .invalidArgument(
                "a record of \(byteCount) bytes; at most \(RecordChunkReader.maximumRecordLength) are written"
            )
        }
        let end = filled + TFRecordFormat.byteCount(ofData: byteCount)
        buffer.reserve(end, keeping: filled)
        let start = filled + TFRecordFormat.headerBytes
        write(UnsafeMutableRawBufferPointer(rebasing: buffer.raw[start..<start + byteCount]))
        TFRecordFormat.seal(UnsafeMutableRawBufferPointer(rebasing: buffer.raw[filled..<end]))
        filled = end
        if filled >= Self.partLength { try flush(isLast: false) }
    }

    func append(_ data: UnsafeRawBufferPointer) throws(ServingError) {
        try append(byteCount: data.count) { $0.copyMemory(from: data) }
    }

    /// Makes sure that all is on the disk and puts the file in its place, where it replaces what was there.
    func finish(as path: String) throws(ServingError) {
        try flush(isLast: true)
        let descriptor = open(temporaryPath, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DumpFile.systemError(temporaryPath, errno) }
        let status = fsync(descriptor)
        let error = errno
        close(descriptor)
        guard status == 0 else { throw DumpFile.systemError(temporaryPath, error) }
        guard rename(temporaryPath, path) == 0 else { throw DumpFile.systemError(path, errno) }
        isFinished = true
    }

    /// Writes what there is, in whole parts as long as more may come.
    private func flush(isLast: Bool) throws(ServingError) {
        let end = isLast ? filled : filled / Self.partLength * Self.partLength
        guard end > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.raw[..<end])
        switch compression {
        case .none: try write(bytes)
        case .snappy:
            compress(bytes)
            let outcome: Result<Void, ServingError> = blocks.withUnsafeBytes { bytes in
                Result { () throws(ServingError) -> Void in try write(bytes) }
            }
            try outcome.get()
        }
        let rest = UnsafeRawBufferPointer(rebasing: buffer.raw[end..<filled])
        // The two may overlap: this is a memmove.
        buffer.raw.copyMemory(from: rest)
        filled -= end
    }

    private func compress(_ bytes: UnsafeRawBufferPointer) {
        blocks.removeAll(keepingCapacity: true)
        for start in stride(from: 0, to: bytes.count, by: Self.partLength) {
            let part = bytes[start..<min(start + Self.partLength, bytes.count)]
            let lengthPosition = blocks.count
            blocks += [0, 0, 0, 0]
            Snappy.encode(UnsafeRawBufferPointer(rebasing: part), to: &blocks)
            let length = UInt32(blocks.count - lengthPosition - 4)
            for index in 0..<4 {
                blocks[lengthPosition + index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index))
            }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ServingError) {
        let descriptor = open(temporaryPath, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw DumpFile.systemError(temporaryPath, errno) }
        defer { close(descriptor) }
        var rest = bytes
        while !rest.isEmpty {
            let count = systemWrite(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw DumpFile.systemError(temporaryPath, count < 0 ? errno : ENOSPC) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}

/// The system's function, where a member of the same name hides it.
private func systemWrite(_ descriptor: CInt, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, start, count)
}
