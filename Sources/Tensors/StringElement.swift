/// One element of a string tensor: a view of bytes that the tensor's owner keeps alive. Not necessarily UTF-8.
public struct StringElement: @unchecked Sendable {
    // Sendable although it holds a pointer: the bytes are immutable and live as long as the tensor they belong to,
    // which is the only place such a view is handed out.
    public let start: UnsafePointer<UInt8>?
    public let count: Int

    @inlinable
    public init(start: UnsafePointer<UInt8>?, count: Int) {
        self.start = start
        self.count = count
    }

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.init(start: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: bytes.count)
    }

    @inlinable
    public var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }
}
