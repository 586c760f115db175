import ServingPrimitives

/// What is whole in a file of a journal.
package struct JournalScan {
    /// A part of the file that is no record, before records that are whole.
    package struct Damage: Hashable {
        /// How many records come before it in the file, with those that are damaged.
        package let record: Int
        package let bytes: Range<Int>
    }

    /// Where the data of whole pushes lies, in the order of the file.
    package private(set) var pushes: [Range<Int>] = []
    package private(set) var damages: [Damage] = []
    /// Bytes up to the end of the last whole record. What is behind it was cut short while it was written.
    package private(set) var end = 0
    /// Of the whole file.
    package let byteCount: Int
    /// The file begins as one of this format, or its beginning is damaged.
    package private(set) var isOfThisFormat = true

    private var record = 0
    /// A file that was made to harm may look like a record at each byte: so many bytes are looked at in search of one.
    private var patience: Int

    package init(_ bytes: UnsafeRawBufferPointer) {
        byteCount = bytes.count
        patience = 64 << 20 + 4 * min(bytes.count, Int.max >> 8)
        var position = 0
        while position < bytes.count {
            if let data = Self.record(at: position, in: bytes), take(data, in: bytes) {
                position = data.upperBound + TFRecordFormat.checksumBytes
                end = position
            } else {
                guard let next = nextRecord(after: position, in: bytes) else { return }
                damages.append(Damage(record: record, bytes: position..<next))
                position = next
            }
            record += 1
            guard isOfThisFormat else { return }
        }
    }

    /// - Returns: whether the data is what a journal has there.
    private mutating func take(_ data: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Bool {
        let content = UnsafeRawBufferPointer(rebasing: bytes[data])
        if record == 0 {
            // A whole record of another kind is no accident.
            isOfThisFormat = JournalHead.isHead(content)
            return true
        }
        guard PushRecord(content) != nil else { return false }
        pushes.append(data)
        return true
    }

    /// The data of the whole record at a place; `nil` where none is.
    private static func record(at position: Int, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        let start = position + TFRecordFormat.headerBytes
        guard start <= bytes.count,
            let length = TFRecordFormat.dataLength(ofHeader: UnsafeRawBufferPointer(rebasing: bytes[position..<start])),
            length <= UInt64(bytes.count - start)
        else { return nil }
        let end = start + Int(length)
        guard bytes.count - end >= TFRecordFormat.checksumBytes,
            TFRecordFormat.isIntact(
                UnsafeRawBufferPointer(rebasing: bytes[start..<end + TFRecordFormat.checksumBytes])
            )
        else { return nil }
        return start..<end
    }

    /// Where the next whole push begins, behind one that is damaged.
    private mutating func nextRecord(after position: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        var next = position + 1
        while next + TFRecordFormat.headerBytes <= bytes.count, patience > 0 {
            let header = UnsafeRawBufferPointer(rebasing: bytes[next..<next + TFRecordFormat.headerBytes])
            if let length = TFRecordFormat.dataLength(ofHeader: header), length <= UInt64(bytes.count) {
                patience -= Int(length)
                if let data = Self.record(at: next, in: bytes),
                    PushRecord(UnsafeRawBufferPointer(rebasing: bytes[data])) != nil
                {
                    return next
                }
            }
            next += 1
        }
        return nil
    }
}
