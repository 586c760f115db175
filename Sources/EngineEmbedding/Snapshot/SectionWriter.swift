import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes one section of a file from start to end, in chunks, with a checksum for each.
struct SectionWriter: ~Copyable {
    private let descriptor: CInt
    private let path: String
    private let section: Range<Int>
    private let chunk: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var written = 0
    private(set) var checksums: [UInt32] = []

    init(descriptor: CInt, path: String, section: Range<Int>) {
        self.descriptor = descriptor
        self.path = path
        self.section = section
        chunk = .allocate(byteCount: SnapshotLayout.chunk, alignment: SnapshotLayout.alignment)
    }

    deinit { chunk.deallocate() }

    /// Room for `count` bytes, which become the next of the section. At most a chunk of them.
    ///
    /// - Parameter body: gets memory that is valid for the call.
    mutating func append(
        _ count: Int,
        _ body: (UnsafeMutableRawPointer) -> Void
    ) throws(ServingError) {
        if count <= chunk.count - filled, let start = chunk.baseAddress {
            body(start + filled)
            filled += count
            return
        }
        // What straddles two chunks, once in a mebibyte.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 8)
        defer { bytes.deallocate() }
        if let start = bytes.baseAddress { body(start) }
        var done = 0
        while done < count {
            if filled == chunk.count { try flush() }
            let part = min(count - done, chunk.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: chunk[filled..<filled + part])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + part]))
            filled += part
            done += part
        }
    }

    /// Fills the rest with zeros: all of it, to the next beginning of a section.
    mutating func finish() throws(ServingError) {
        while written + filled < section.count {
            if filled == chunk.count { try flush() }
            let part = min(section.count - written - filled, chunk.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: chunk[filled..<filled + part])
                .initializeMemory(as: UInt8.self, repeating: 0)
            filled += part
        }
        guard written + filled == section.count else {
            throw .internalError("\(written + filled) bytes were written to a section of \(section.count) of \(path)")
        }
        if filled > 0 { try flush() }
    }

    private mutating func flush() throws(ServingError) {
        let bytes = UnsafeRawBufferPointer(rebasing: chunk[..<filled])
        checksums.append(CRC32C.checksum(bytes))
        try FileBytes.write(bytes, to: descriptor, at: section.lowerBound + written, path)
        written += filled
        filled = 0
    }
}

/// Writes to places in files.
enum FileBytes {
    static func write(_ bytes: [UInt8], to descriptor: CInt, at offset: Int, _ path: String) throws(ServingError) {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try write(bytes, to: descriptor, at: offset, path) }
        }
        try result.get()
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer,
        to descriptor: CInt,
        at offset: Int,
        _ path: String
    ) throws(ServingError) {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let count = pwrite(descriptor, start + done, bytes.count - done, offset + done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .ofSystem("\(path) cannot be written", .resourceExhausted) }
            done += count
        }
    }
}
