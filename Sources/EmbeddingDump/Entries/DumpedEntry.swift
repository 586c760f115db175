import ModelSignatures

/// What a record of a dump says about one id, but for the values.
package struct DumpedEntry {
    package private(set) var id: Int64
    /// Seconds since 1970; 0 when it says none.
    package private(set) var updateTime: Int64 = 0
    package private(set) var valueCount: Int
    /// What training knows of the row besides: a serialized `OptimizerDump`, which serving has no use for.
    package private(set) var optimizer: UnsafeRawBufferPointer?
    package private(set) var isPacked = false

    /// Reads a record and puts its values where they belong.
    ///
    /// - Parameters:
    ///   - record: the data of the record.
    ///   - values: room for `maximumValueCount(in:)` of them.
    /// - Throws: what is wrong with the record; `values` is undefined then.
    package init(
        _ record: UnsafeRawBufferPointer,
        values: UnsafeMutableBufferPointer<Float>
    ) throws(EntryFault) {
        precondition(values.count >= Self.maximumValueCount(in: record), "there is no room for the values of a record")
        // As training writes it: the id, then a key before each value. This is nearly all there is to an import.
        var position = 0
        var count = 0
        var id: Int64?
        if record.count >= 9, record[0] == EntryField.idKey {
            id = Self.int64(record, at: 1)
            position = 9
        }
        while record.count - position >= 5, record[position] == EntryField.valueKey {
            values[count] = Self.float(record, at: position + 1)
            count += 1
            position += 5
        }
        self.id = id ?? 0
        valueCount = count
        let hasID = try readRest(UnsafeRawBufferPointer(rebasing: record[position...]), values)
        guard hasID || id != nil else { throw .noID }
        guard valueCount > 0 else { throw .noValues }
    }

    /// No record holds more: a value takes four bytes at least.
    package static func maximumValueCount(in record: UnsafeRawBufferPointer) -> Int { record.count / 4 }

    /// The fields in whatever form and order protobuf allows.
    ///
    /// - Returns: whether an id is among them.
    private mutating func readRest(
        _ message: UnsafeRawBufferPointer,
        _ values: UnsafeMutableBufferPointer<Float>
    ) throws(EntryFault) -> Bool {
        var hasID = false
        var reader = ProtobufReader(message)
        while let (field, value) = try Self.next(&reader) {
            switch (field, value) {
            case (EntryField.id, .fixed64(let bits)):
                id = Int64(bitPattern: bits)
                hasID = true
            case (EntryField.id, _): throw .wrongType("id")
            case (EntryField.values, .fixed32(let bits)):
                values[valueCount] = Float(bitPattern: bits)
                valueCount += 1
            case (EntryField.values, .bytes(let packed)): try append(packed, to: values)
            case (EntryField.values, _): throw .wrongType("num")
            case (EntryField.optimizer, .bytes(let state)): optimizer = state
            case (EntryField.optimizer, _): throw .wrongType("opt")
            case (EntryField.updateTime, .varint(let seconds)): updateTime = Int64(bitPattern: seconds)
            case (EntryField.updateTime, _): throw .wrongType("last_update_ts_sec")
            default: break
            }
        }
        return hasID
    }

    private mutating func append(
        _ packed: UnsafeRawBufferPointer,
        to values: UnsafeMutableBufferPointer<Float>
    ) throws(EntryFault) {
        guard packed.count.isMultiple(of: 4) else { throw .malformed }
        for offset in stride(from: 0, to: packed.count, by: 4) {
            values[valueCount] = Self.float(packed, at: offset)
            valueCount += 1
        }
        isPacked = true
    }

    private static func next(
        _ reader: inout ProtobufReader
    ) throws(EntryFault) -> (field: Int, value: ProtobufReader.Value)? {
        do throws(ProtobufReader.Malformed) {
            return try reader.next()
        } catch {
            throw .malformed
        }
    }

    @inline(__always)
    private static func float(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Float {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private static func int64(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int64 {
        Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
    }
}
