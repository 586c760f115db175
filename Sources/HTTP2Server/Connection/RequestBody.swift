import NIOCore

/// The body of one request while it comes.
///
/// A body in one frame stays a slice of the read buffer. A longer one is copied once, to memory of its own that is
/// claimed as bytes come and lies so that the application's `alignedOffset` is on a 64-byte boundary.
struct RequestBody {
    /// So many bytes are collected before the application is asked for a layout, so that it sees enough to answer.
    static let layoutPrefixByteCount = 1024
    /// The first claim for a body that says it will be large; it doubles from there as bytes come.
    private static let firstClaim = 64 << 20
    private static let alignment = 64

    private var bytes = ByteBuffer()
    /// Whether `bytes` is ours alone, with room to grow.
    private var ownsMemory = false
    private var hasLayout = false
    private var expectedByteCount = 0
    private var alignedOffset = 0

    var byteCount: Int { bytes.readableBytes }

    var isEmpty: Bool { bytes.readableBytes == 0 }

    /// The whole frame, when nothing came before it.
    mutating func hold(_ slice: ByteBuffer) { bytes = slice }

    /// Copies more bytes to the end. `layout` is asked once, with the first bytes of the body, as soon as there are
    /// enough of them.
    mutating func append(
        _ more: UnsafeRawBufferPointer,
        layout: (UnsafeRawBufferPointer) -> HTTP2BodyLayout?
    ) {
        if !hasLayout, byteCount + more.count >= Self.layoutPrefixByteCount {
            hasLayout = true
            adopt(askForLayout(more, layout), following: more.count)
        }
        claim(more.count)
        bytes.writeBytes(more)
    }

    private func askForLayout(
        _ more: UnsafeRawBufferPointer,
        _ layout: (UnsafeRawBufferPointer) -> HTTP2BodyLayout?
    ) -> HTTP2BodyLayout? {
        if isEmpty { return layout(more) }
        if byteCount >= Self.layoutPrefixByteCount { return bytes.withUnsafeReadableBytes { layout($0) } }
        let prefix = Array(bytes.readableBytesView) + more.prefix(Self.layoutPrefixByteCount - byteCount)
        return prefix.withUnsafeBytes { layout($0) }
    }

    /// The body; this value is empty afterwards.
    mutating func take() -> ByteBuffer {
        let result = bytes
        self = RequestBody()
        return result
    }

    /// What the application said about the body's length, 0 when unknown.
    var announcedByteCount: Int { expectedByteCount }

    private mutating func adopt(_ layout: HTTP2BodyLayout?, following: Int) {
        guard let layout, layout.expectedByteCount > 0, layout.alignedOffset >= 0 else { return }
        expectedByteCount = layout.expectedByteCount
        alignedOffset = layout.alignedOffset
        relocate(capacity: max(min(expectedByteCount, Self.firstClaim), byteCount + following))
    }

    /// Makes room for `more` bytes.
    private mutating func claim(_ more: Int) {
        guard !ownsMemory || bytes.writableBytes < more else { return }
        let needed = byteCount + more
        let doubled = max(needed, 2 * byteCount)
        // Never more than was announced, unless the announcement was too low.
        grow(capacity: needed <= expectedByteCount ? min(doubled, expectedByteCount) : doubled)
    }

    /// Grows in place where that keeps the alignment: the kernel moves the pages of a large block, without a copy.
    private mutating func grow(capacity: Int) {
        if ownsMemory {
            bytes.reserveCapacity(bytes.readerIndex + capacity)
            let address = bytes.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) }
            if (address &+ alignedOffset) & (Self.alignment - 1) == 0 { return }
        }
        relocate(capacity: capacity)
    }

    private mutating func relocate(capacity: Int) {
        var target = ByteBufferAllocator().buffer(capacity: capacity + Self.alignment)
        let address = target.withVeryUnsafeBytes { Int(bitPattern: $0.baseAddress) }
        let lead = -(address &+ alignedOffset) & (Self.alignment - 1)
        target.moveWriterIndex(to: lead)
        target.moveReaderIndex(to: lead)
        bytes.withUnsafeReadableBytes { _ = target.writeBytes($0) }
        bytes = target
        ownsMemory = true
    }
}
