/// Bytes in a block of exactly their size, so that a sanitizer sees a read beyond their end.
final class ReceivedBytes {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ content: [UInt8]) {
        bytes = .allocate(byteCount: content.count, alignment: 1)
        bytes.copyBytes(from: content)
    }

    deinit { bytes.deallocate() }
}
