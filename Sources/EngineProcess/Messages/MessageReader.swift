public import ServingPrimitives
public import Tensors

/// Reads what `MessageWriter` wrote. The other process may have lost its mind: everything is checked.
public struct MessageReader {
    private let memory: UnsafeRawBufferPointer
    private let owner: AnyObject
    private var position = 0

    /// - Parameters:
    ///   - memory: the message, from a multiple of 64 bytes on.
    ///   - owner: keeps `memory` alive and unchanged. Tensors that are read refer to it.
    public init(_ memory: UnsafeRawBufferPointer, owner: AnyObject) {
        self.memory = memory
        self.owner = owner
    }

    /// Reads all of `bytes`.
    ///
    /// - Throws: as `body`; `INTERNAL` also when something is left.
    public static func read<Value>(
        _ bytes: [UInt8],
        _ body: (inout MessageReader) throws(ServingError) -> Value
    ) throws(ServingError) -> Value {
        let copy = BytesCopy(bytes)
        var reader = MessageReader(UnsafeRawBufferPointer(copy.memory), owner: copy)
        let value = try body(&reader)
        guard reader.position == reader.memory.count else { throw Self.damaged("goes on after its end") }
        return value
    }

    static func damaged(_ fault: String) -> ServingError {
        .internalError("A message between the server and an engine process \(fault)")
    }

    public mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type = Number.self
    ) throws(ServingError) -> Number {
        Number(littleEndian: try take(MemoryLayout<Number>.size).loadUnaligned(as: Number.self))
    }

    public mutating func flag() throws(ServingError) -> Bool { try number(UInt8.self) != 0 }

    public mutating func double() throws(ServingError) -> Double { Double(bitPattern: try number()) }

    public mutating func bytes() throws(ServingError) -> [UInt8] { Array(try take(try count())) }

    public mutating func text() throws(ServingError) -> String {
        String(decoding: try take(try count()), as: UTF8.self)
    }

    public mutating func list<Element>(
        _ element: (inout MessageReader) throws(ServingError) -> Element
    ) throws(ServingError) -> [Element] {
        // Each element has a byte at least, so the count is not larger than what is left.
        let count = try count()
        var list: [Element] = []
        for _ in 0..<count { list.append(try element(&self)) }
        return list
    }

    public mutating func optional<Value>(
        _ value: (inout MessageReader) throws(ServingError) -> Value
    ) throws(ServingError) -> Value? {
        try flag() ? try value(&self) : nil
    }

    /// A tensor over the message's memory.
    public mutating func tensor() throws(ServingError) -> Tensor {
        guard let elementType = ElementType(rawValue: try number()) else {
            throw Self.damaged("has a tensor of an unknown type")
        }
        let shape = try shape()
        do throws(TensorError) {
            guard let width = elementType.byteWidth else { return try strings(shape) }
            align(to: TensorBuffer.alignment)
            let (byteCount, overflow) = shape.elementCount.multipliedReportingOverflow(by: width)
            guard !overflow, let bytes = takeIfThere(byteCount) else {
                throw TensorError("has less bytes than it needs")
            }
            return try Tensor(elementType, shape, bytes: bytes, owner: owner)
        } catch {
            throw Self.damaged("has a tensor that is none: \(error.message)")
        }
    }

    private mutating func shape() throws(ServingError) -> TensorShape {
        let rank = try number(UInt32.self)
        var builder = TensorShape.Builder()
        do throws(TensorError) {
            for _ in 0..<min(Int(rank), TensorShape.maximumRank + 1) {
                guard let dimension = takeIfThere(8) else { throw TensorError("its shape ends early") }
                try builder.append(Int(Int64(littleEndian: dimension.loadUnaligned(as: Int64.self))))
            }
        } catch {
            throw Self.damaged("has a tensor that is none: \(error.message)")
        }
        return builder.finish()
    }

    private mutating func strings(_ shape: TensorShape) throws(TensorError) -> Tensor {
        let (lengthBytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: 8)
        guard !overflow, let lengths = takeIfThere(lengthBytes) else {
            throw TensorError("has less strings than it needs")
        }
        let lent = LentStrings(count: shape.elementCount, owner: owner)
        for index in 0..<shape.elementCount {
            let length = UInt64(littleEndian: lengths.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
            guard let length = Int(exactly: length), let bytes = takeIfThere(length) else {
                throw TensorError("has less bytes than its strings need")
            }
            lent.elements.initializeElement(at: index, to: StringElement(bytes))
        }
        return try Tensor(strings: UnsafeBufferPointer(lent.elements), shape, owner: lent)
    }

    private mutating func count() throws(ServingError) -> Int {
        let count = try number(UInt64.self)
        guard count <= UInt64(memory.count - position) else { throw Self.damaged("ends early") }
        return Int(count)
    }

    private mutating func take(_ count: Int) throws(ServingError) -> UnsafeRawBufferPointer {
        guard let bytes = takeIfThere(count) else { throw Self.damaged("ends early") }
        return bytes
    }

    private mutating func takeIfThere(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, count <= memory.count - position else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: memory[position..<position + count])
    }

    /// What is beyond the end is found out when it is taken.
    private mutating func align(to alignment: Int) {
        position = min((position + alignment - 1) / alignment * alignment, memory.count)
    }
}

/// Views of strings in a message.
private final class LentStrings {
    let elements: UnsafeMutableBufferPointer<StringElement>
    private let owner: AnyObject

    init(count: Int, owner: AnyObject) {
        elements = .allocate(capacity: count)
        self.owner = owner
    }

    deinit { elements.deallocate() }
}

/// A message of its own, where a tensor may begin.
private final class BytesCopy {
    let memory: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
        memory = .allocate(byteCount: bytes.count, alignment: TensorBuffer.alignment)
        memory.copyBytes(from: bytes)
    }

    deinit { memory.deallocate() }
}
