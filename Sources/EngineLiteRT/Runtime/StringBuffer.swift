import CLiteRT
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The form of a string tensor in TFLite (tflite/string_util.h): the number of strings, for each where it starts and,
/// once more, where the last one ends, all as 32-bit integers, then the strings.
enum StringBuffer {
    /// Memory from `malloc` with `strings` in it.
    ///
    /// - Throws: `INTERNAL` in TensorFlow Serving's words when offsets of 32 bits do not reach.
    static func make(
        _ strings: some RandomAccessCollection<UnsafeRawBufferPointer>
    ) throws(ServingError) -> UnsafeMutableRawBufferPointer {
        let header = 4 * (strings.count + 2)
        let size = strings.reduce(header) { $0 + $1.count }
        guard size <= Int32.max else { throw .internalError("Invalid size, string input too large:\(size)") }
        guard let memory = malloc(size) else {
            throw ServingError(.resourceExhausted, "there is no memory for \(size) bytes of strings")
        }
        memory.storeBytes(of: Int32(strings.count), as: Int32.self)
        var end = header
        memory.storeBytes(of: Int32(end), toByteOffset: 4, as: Int32.self)
        for (index, string) in strings.enumerated() {
            if let start = string.baseAddress { (memory + end).copyMemory(from: start, byteCount: string.count) }
            end += string.count
            memory.storeBytes(of: Int32(end), toByteOffset: 4 * (index + 2), as: Int32.self)
        }
        return UnsafeMutableRawBufferPointer(start: memory, count: size)
    }

    /// Puts `strings` into a tensor, in place of what it had.
    static func write(
        _ strings: some RandomAccessCollection<UnsafeRawBufferPointer>,
        to tensor: UnsafeMutablePointer<TfLiteTensor>
    ) throws(ServingError) {
        let buffer = try make(strings)
        if tensor.pointee.allocation_type == kTfLiteDynamic { free(tensor.pointee.data) }
        tensor.pointee.data = buffer.baseAddress
        tensor.pointee.bytes = buffer.count
        tensor.pointee.allocation_type = kTfLiteDynamic
    }

    /// The strings of a tensor; `nil` when it does not have that form.
    static func strings(of tensor: TfLiteTensor) -> [UnsafeRawBufferPointer]? {
        strings(in: UnsafeRawBufferPointer(start: tensor.data, count: tensor.data == nil ? 0 : tensor.bytes))
    }

    /// The strings in `buffer`, valid as long as it is; `nil` when it does not have that form. A tensor that was never
    /// written has no buffer, and no strings.
    static func strings(in buffer: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer]? {
        guard buffer.count > 0 else { return [] }
        guard buffer.count >= 4 else { return nil }
        let count = Int(buffer.loadUnaligned(as: Int32.self))
        guard count >= 0, count <= buffer.count / 4 - 2 || (count == 0) else { return nil }
        guard count > 0 else { return [] }
        var strings: [UnsafeRawBufferPointer] = []
        strings.reserveCapacity(count)
        var start = Int(buffer.loadUnaligned(fromByteOffset: 4, as: Int32.self))
        for index in 0..<count {
            let end = Int(buffer.loadUnaligned(fromByteOffset: 4 * (index + 2), as: Int32.self))
            guard start >= 0, start <= end, end <= buffer.count else { return nil }
            strings.append(UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            start = end
        }
        return strings
    }
}
