/// Writes entries as records of a dump hold them, fields in the order of training's own.
package struct EntryEncoder {
    package let id: Int64
    package let values: UnsafeBufferPointer<Float>
    package let updateTime: Int64
    /// A serialized `OptimizerDump`.
    package let optimizer: UnsafeRawBufferPointer?
    /// All values behind one key: a byte less for each, and every reader of the format takes it.
    package let isPacked: Bool

    package init(
        id: Int64,
        values: UnsafeBufferPointer<Float>,
        updateTime: Int64,
        optimizer: UnsafeRawBufferPointer? = nil,
        isPacked: Bool = false
    ) {
        self.id = id
        self.values = values
        self.updateTime = updateTime
        self.optimizer = optimizer
        self.isPacked = isPacked
    }

    package var byteCount: Int {
        let valueBytes =
            isPacked ? 1 + Self.length(ofVarint: UInt64(4 * values.count)) + 4 * values.count : 5 * values.count
        let optimizerBytes = optimizer.map { 1 + Self.length(ofVarint: UInt64($0.count)) + $0.count } ?? 0
        return 9 + valueBytes + optimizerBytes + 1 + Self.length(ofVarint: UInt64(bitPattern: updateTime))
    }

    /// - Parameter memory: `byteCount` bytes.
    package func write(into memory: UnsafeMutableRawBufferPointer) {
        var output = Output(memory)
        output.byte(EntryField.idKey)
        output.fixed(UInt64(bitPattern: id))
        if isPacked {
            output.byte(EntryField.packedValuesKey)
            output.varint(UInt64(4 * values.count))
            for value in values { output.fixed(value.bitPattern) }
        } else {
            for value in values {
                output.byte(EntryField.valueKey)
                output.fixed(value.bitPattern)
            }
        }
        if let optimizer {
            output.byte(EntryField.optimizerKey)
            output.varint(UInt64(optimizer.count))
            output.bytes(optimizer)
        }
        output.byte(EntryField.updateTimeKey)
        output.varint(UInt64(bitPattern: updateTime))
        precondition(output.position == memory.count, "an entry of \(output.position) bytes, not \(memory.count)")
    }

    private static func length(ofVarint value: UInt64) -> Int {
        max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
    }

    private struct Output {
        let memory: UnsafeMutableRawBufferPointer
        var position = 0

        init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

        mutating func byte(_ byte: UInt8) {
            memory[position] = byte
            position += 1
        }

        mutating func fixed<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) {
            memory.storeBytes(of: number.littleEndian, toByteOffset: position, as: Number.self)
            position += MemoryLayout<Number>.size
        }

        mutating func varint(_ value: UInt64) {
            var rest = value
            while rest > 0x7F {
                byte(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            byte(UInt8(truncatingIfNeeded: rest))
        }

        mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
            UnsafeMutableRawBufferPointer(rebasing: memory[position...]).copyMemory(from: bytes)
            position += bytes.count
        }
    }
}
