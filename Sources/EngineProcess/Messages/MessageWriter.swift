public import ServingPrimitives
public import Tensors

/// Writes a message between the server and an engine process into memory that both see.
///
/// Numbers are little endian and as wide as their type; texts, bytes and lists have a 64-bit count in front. Tensors of
/// fixed width begin at a multiple of 64 bytes, so that engines read them in place.
public struct MessageWriter {
    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    public private(set) var count = 0
    /// Whether something did not fit; what is written after that is lost.
    public private(set) var isFull = false

    /// - Parameter memory: begins at a multiple of 64 bytes.
    public init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// What `body` writes, as an array.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` above `limit` bytes.
    public static func bytes(limit: Int, _ body: (inout MessageWriter) -> Void) throws(ServingError) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: TensorBuffer.alignment)
        defer { memory.deallocate() }
        var writer = MessageWriter(memory)
        body(&writer)
        try writer.checkRoom()
        return Array(memory[..<writer.count])
    }

    /// - Throws: `RESOURCE_EXHAUSTED` when something did not fit.
    public func checkRoom() throws(ServingError) {
        guard isFull else { return }
        throw ServingError(
            .resourceExhausted,
            "The tensors of a run need more than the \(memory.count) bytes that are shared with an engine process"
        )
    }

    public mutating func write(_ number: some FixedWidthInteger & BitwiseCopyable) {
        withUnsafeBytes(of: number.littleEndian) { append($0) }
    }

    public mutating func write(_ flag: Bool) { write(flag ? 1 as UInt8 : 0) }

    public mutating func write(_ number: Double) { write(number.bitPattern) }

    public mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    public mutating func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    public mutating func write(_ bytes: UnsafeRawBufferPointer) {
        write(UInt64(bytes.count))
        append(bytes)
    }

    public mutating func write<Element>(_ list: [Element], _ writeElement: (inout MessageWriter, Element) -> Void) {
        write(UInt64(list.count))
        for element in list { writeElement(&self, element) }
    }

    /// A flag, then the value if there is one.
    public mutating func write<Value>(_ value: Value?, _ writeValue: (inout MessageWriter, Value) -> Void) {
        write(value != nil)
        if let value { writeValue(&self, value) }
    }

    /// Element type, rank and dimensions, then the elements: those of strings as all their lengths and all their bytes.
    public mutating func write(_ tensor: Tensor) {
        write(tensor.elementType.rawValue)
        write(UInt32(tensor.shape.rank))
        for index in 0..<tensor.shape.rank { write(Int64(tensor.shape[index])) }
        guard tensor.elementType == .string else {
            align(to: TensorBuffer.alignment)
            tensor.withUnsafeBytes { append($0) }
            return
        }
        tensor.withStrings { strings in
            for string in strings { write(UInt64(string.count)) }
            for string in strings { append(UnsafeRawBufferPointer(string.bytes)) }
        }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard !isFull, bytes.count <= memory.count - count else {
            isFull = true
            return
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    private mutating func align(to alignment: Int) {
        let aligned = (count + alignment - 1) / alignment * alignment
        guard aligned <= memory.count else {
            isFull = true
            return
        }
        // Nothing of an earlier message is passed on.
        for index in count..<aligned { memory[index] = 0 }
        count = aligned
    }
}
