import CTensorFlow

/// Serialized `RunOptions` in the form the C API takes them, made once and used by many runs.
final class RunOptions: @unchecked Sendable {
    // Sendable: never written after it is made.
    let buffer: UnsafePointer<TF_Buffer>

    /// The message.
    var bytes: [UInt8] {
        Array(UnsafeRawBufferPointer(start: buffer.pointee.data, count: buffer.pointee.length))
    }

    init(_ bytes: [UInt8]) {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes)
        let buffer = UnsafeMutablePointer<TF_Buffer>.allocate(capacity: 1)
        buffer.initialize(to: TF_Buffer(data: copy.baseAddress, length: bytes.count, data_deallocator: nil))
        self.buffer = UnsafePointer(buffer)
    }

    deinit {
        buffer.pointee.data?.deallocate()
        buffer.deallocate()
    }
}
