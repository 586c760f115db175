import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Rows that came for one table at once, as a record of a journal has them. All numbers are little endian:
///
/// | bytes | what |
/// | --- | --- |
/// | 4 | when they were received, in seconds since 1970 |
/// | 4 | numbers of a row |
/// | 4 | rows |
/// | 4 | bytes of the table's name |
/// | | the name, UTF-8: that of its node, a slash, its own |
/// | 8 each | ids, in the order in which they came |
/// | 4 each | the numbers of the rows, as they came, float32 |
///
/// It looks into memory of others, which must stay as long as it is used.
package struct PushRecord {
    static let headByteCount = 16
    static let maximumNameBytes = 4_096
    /// Bytes of rows in a record of several rows: larger pushes become several.
    static let rowBytes = 1 << 20

    package let receiveTime: UInt32
    package let dimension: Int
    package let count: Int
    package let name: String
    private let ids: UnsafeRawPointer
    private let numbers: UnsafeRawPointer

    /// - Returns: `nil` for data that is no such record.
    package init?(_ data: UnsafeRawBufferPointer) {
        guard data.count >= Self.headByteCount, let start = data.baseAddress else { return nil }
        func word(_ index: Int) -> UInt32 {
            UInt32(littleEndian: start.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
        }
        let nameBytes = Int(word(3))
        dimension = Int(word(1))
        count = Int(word(2))
        // With these bounds nothing below can overflow.
        guard (1...RowFormat.maximumDimension).contains(dimension), count > 0, nameBytes <= Self.maximumNameBytes,
            data.count == Self.headByteCount + nameBytes + count * (8 + 4 * dimension)
        else { return nil }
        receiveTime = word(0)
        name = String(decoding: data[Self.headByteCount..<Self.headByteCount + nameBytes], as: UTF8.self)
        ids = start + Self.headByteCount + nameBytes
        numbers = ids + 8 * count
    }

    func id(_ row: Int) -> Int64 { Int64(littleEndian: ids.loadUnaligned(fromByteOffset: 8 * row, as: Int64.self)) }

    func appendNumbers(ofRow row: Int, to target: inout [Float]) {
        for number in 0..<dimension {
            let offset = 4 * (dimension * row + number)
            let bits = numbers.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            target.append(Float(bitPattern: UInt32(littleEndian: bits)))
        }
    }

    /// Copies of the ids and of the numbers, aligned.
    package func withRows<E: Error>(
        _ body: (UnsafeBufferPointer<Int64>, UnsafeBufferPointer<Float>) throws(E) -> Void
    ) throws(E) {
        let idCopy = UnsafeMutableBufferPointer<Int64>.allocate(capacity: count)
        defer { idCopy.deallocate() }
        let numberCopy = UnsafeMutableBufferPointer<Float>.allocate(capacity: count * dimension)
        defer { numberCopy.deallocate() }
        UnsafeMutableRawBufferPointer(idCopy).copyMemory(from: UnsafeRawBufferPointer(start: ids, count: 8 * count))
        UnsafeMutableRawBufferPointer(numberCopy)
            .copyMemory(from: UnsafeRawBufferPointer(start: numbers, count: 4 * count * dimension))
        try body(UnsafeBufferPointer(idCopy), UnsafeBufferPointer(numberCopy))
    }
}

/// Records of a journal in memory, framed and one behind the other.
struct PushEncoder {
    let receiveTime: UInt32
    private(set) var bytes: [UInt8] = []

    init(receiveTime: UInt32) { self.receiveTime = receiveTime }

    /// Rows that a record has at most.
    static func rowsPerRecord(dimension: Int) -> Int { max(1, PushRecord.rowBytes / (8 + 4 * dimension)) }

    /// - Parameters:
    ///   - table: its name, of at most `PushRecord.maximumNameBytes` bytes.
    ///   - numbers: `dimension` for each id.
    mutating func add(
        _ table: String,
        dimension: Int,
        _ ids: UnsafeBufferPointer<Int64>,
        _ numbers: UnsafeBufferPointer<Float>
    ) {
        let most = Self.rowsPerRecord(dimension: dimension)
        var start = 0
        while start < ids.count {
            let count = min(most, ids.count - start)
            add(table, dimension: dimension, count: count) { target in
                let idBytes = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: ids[start..<start + count]))
                target.copyMemory(from: idBytes)
                UnsafeMutableRawBufferPointer(rebasing: target[idBytes.count...]).copyMemory(
                    from: UnsafeRawBufferPointer(
                        UnsafeBufferPointer(rebasing: numbers[start * dimension..<(start + count) * dimension])
                    )
                )
            }
            start += count
        }
    }

    /// What a file begins with: a record of its own.
    mutating func addHead(_ head: JournalHead) {
        addRecord(byteCount: head.bytes.count) { $0.copyBytes(from: head.bytes) }
    }

    private mutating func add(
        _ table: String,
        dimension: Int,
        count: Int,
        _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        let name = Array(table.utf8)
        let receiveTime = receiveTime
        let rowBytes = count * (8 + 4 * dimension)
        addRecord(byteCount: PushRecord.headByteCount + name.count + rowBytes) { data in
            for (index, word) in [receiveTime, UInt32(dimension), UInt32(count), UInt32(name.count)].enumerated() {
                data.storeBytes(of: word.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
            }
            let start = PushRecord.headByteCount
            UnsafeMutableRawBufferPointer(rebasing: data[start...]).copyBytes(from: name)
            fill(UnsafeMutableRawBufferPointer(rebasing: data[(start + name.count)...]))
        }
    }

    private mutating func addRecord(byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: TFRecordFormat.byteCount(ofData: byteCount)))
        bytes.withUnsafeMutableBytes { all in
            let record = UnsafeMutableRawBufferPointer(rebasing: all[start...])
            let data = record[TFRecordFormat.headerBytes..<TFRecordFormat.headerBytes + byteCount]
            fill(UnsafeMutableRawBufferPointer(rebasing: data))
            TFRecordFormat.seal(record)
        }
    }
}

/// The first record of each file: `APUSPSH1`, and the base path whose pushes the file has.
struct JournalHead {
    static let magic = Array("APUSPSH1".utf8)
    let bytes: [UInt8]

    init(base: String) { bytes = Self.magic + Array(base.utf8) }

    static func isHead(_ data: UnsafeRawBufferPointer) -> Bool { data.starts(with: magic) }
}
