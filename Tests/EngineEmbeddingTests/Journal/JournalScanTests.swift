import ServingPrimitives
import Testing

@testable import EngineEmbedding

@Suite struct JournalScanTests {
    /// A head and three pushes; and where each record ends.
    private static let (file, ends): ([UInt8], [Int]) = {
        var encoder = PushEncoder(receiveTime: 70)
        encoder.addHead(JournalHead(base: "/m"))
        var ends = [encoder.bytes.count]
        for push in 0..<3 {
            let ids = [Int64(push), -7]
            let numbers: [Float] = [1, 2, 3, Float(push)]
            ids.withUnsafeBufferPointer { ids in
                numbers.withUnsafeBufferPointer { encoder.add("4:node/t", dimension: 2, ids, $0) }
            }
            ends.append(encoder.bytes.count)
        }
        return (encoder.bytes, ends)
    }()

    private func scan(_ bytes: [UInt8]) -> JournalScan { bytes.withUnsafeBytes { JournalScan($0) } }

    @Test func `a whole file is read as it was written`() throws {
        let scan = scan(Self.file)
        #expect(scan.pushes.count == 3 && scan.damages.isEmpty && scan.end == Self.file.count)
        try Self.file.withUnsafeBytes { bytes in
            let push = try #require(PushRecord(UnsafeRawBufferPointer(rebasing: bytes[scan.pushes[2]])))
            #expect(push.name == "4:node/t" && push.receiveTime == 70 && push.dimension == 2 && push.count == 2)
            #expect(push.id(0) == 2 && push.id(1) == -7)
            push.withRows { (ids, numbers) in
                #expect(Array(ids) == [2, -7] && Array(numbers) == [1, 2, 3, 2])
            }
        }
    }

    @Test func `a file that ends anywhere keeps its whole records`() {
        for length in 0..<Self.file.count {
            let scan = scan(Array(Self.file[..<length]))
            let whole = Self.ends.filter { $0 <= length }
            #expect(scan.pushes.count == max(0, whole.count - 1), "\(length)")
            #expect(scan.end == whole.last ?? 0 && scan.damages.isEmpty && scan.isOfThisFormat, "\(length)")
        }
    }

    @Test func `a flipped byte costs its record, which is named`() {
        for place in Self.file.indices {
            var bytes = Self.file
            bytes[place] ^= 0x10
            let scan = scan(bytes)
            // Whole records before it: the number of the damaged one.
            let record = Self.ends.count { $0 <= place }
            #expect(scan.isOfThisFormat)
            #expect(scan.pushes.count == (record == 0 ? 3 : 2), "\(place)")
            if record == 3 {
                // The last is not told from one that was cut short.
                #expect(scan.damages.isEmpty && scan.end == Self.ends[2], "\(place)")
            } else {
                let start = record == 0 ? 0 : Self.ends[record - 1]
                #expect(scan.damages == [.init(record: record, bytes: start..<Self.ends[record])], "\(place)")
                #expect(scan.end == bytes.count)
            }
        }
    }

    @Test func `a file of something else is told from a damaged one`() {
        var encoder = PushEncoder(receiveTime: 1)
        let (ids, numbers): ([Int64], [Float]) = ([1], [1])
        ids.withUnsafeBufferPointer { ids in
            numbers.withUnsafeBufferPointer { encoder.add("t", dimension: 1, ids, $0) }
        }
        #expect(!scan(encoder.bytes).isOfThisFormat)
    }

    @Test func `large pushes become several records`() {
        var encoder = PushEncoder(receiveTime: 1)
        encoder.addHead(JournalHead(base: "/m"))
        let most = PushEncoder.rowsPerRecord(dimension: 1)
        let ids = (0..<Int64(2 * most + 1)).map { $0 }
        let numbers = ids.map { Float($0) }
        ids.withUnsafeBufferPointer { ids in
            numbers.withUnsafeBufferPointer { encoder.add("t", dimension: 1, ids, $0) }
        }
        let scan = scan(encoder.bytes)
        #expect(scan.pushes.count == 3)
        encoder.bytes.withUnsafeBytes { bytes in
            let counts = scan.pushes.map { PushRecord(UnsafeRawBufferPointer(rebasing: bytes[$0]))?.count }
            #expect(counts == [most, most, 1])
        }
    }
}
