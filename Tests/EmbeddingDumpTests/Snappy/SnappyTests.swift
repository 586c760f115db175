import DumpExercises
import Testing

@testable import EmbeddingDump

@Suite struct SnappyTests {
    @Test(
        arguments: [
            ([0], ""),
            ([3, 0x08, 0x61, 0x62, 0x63], "abc"),
            // The example of the format's description: a copy that reaches into itself.
            ([7, 0x08, 0x78, 0x61, 0x62, 0x01, 0x02], "xababab"),
            ([7, 0x08, 0x78, 0x61, 0x62, 0x0E, 0x02, 0x00], "xababab"),
            ([7, 0x08, 0x78, 0x61, 0x62, 0x0F, 0x02, 0x00, 0x00, 0x00], "xababab"),
            ([3, 0xF0, 0x02, 0x61, 0x62, 0x63], "abc"),
            ([3, 0xFC, 0x02, 0x00, 0x00, 0x00, 0x61, 0x62, 0x63], "abc"),
        ] as [([UInt8], String)]
    )
    func `blocks of all kinds of elements are read`(_ block: [UInt8], _ text: String) throws {
        #expect(String(decoding: try EmbeddingDumpExercise.decoded(block), as: UTF8.self) == text)
    }

    @Test(
        arguments: [
            ([], "it does not begin with a length"),
            ([0x80], "it does not begin with a length"),
            ([0x80, 0x80, 0x80, 0x80, 0x10], "it does not begin with a length"),
            ([3], "it holds 0 bytes and says 3"),
            ([3, 0x08, 0x61], "it ends too early"),
            ([2, 0x08, 0x61, 0x62, 0x63], "it holds more bytes than it says"),
            ([4, 0x08, 0x61, 0x62, 0x63], "it holds 3 bytes and says 4"),
            ([3, 0xF4], "it ends too early"),
            ([7, 0x08, 0x78, 0x61, 0x62, 0x01], "it ends too early"),
            ([7, 0x08, 0x78, 0x61, 0x62, 0x01, 0x00], "it refers to bytes before its beginning"),
            ([7, 0x08, 0x78, 0x61, 0x62, 0x01, 0x04], "it refers to bytes before its beginning"),
            ([6, 0x08, 0x78, 0x61, 0x62, 0x01, 0x02], "it holds more bytes than it says"),
            ([3, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x61], "it ends too early"),
        ] as [([UInt8], String)]
    )
    func `damage is found`(_ block: [UInt8], _ reason: String) {
        #expect(throws: Snappy.Malformed(reason: reason)) { try EmbeddingDumpExercise.decoded(block) }
    }

    @Test(arguments: [0, 1, 3, 4, 60, 61, 256, 257, 65_535, 65_536, 65_537, 200_000])
    func `what is compressed comes back`(_ length: Int) throws {
        var random = Xorshift()
        let noise = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let words = (0..<length).map { UInt8(truncatingIfNeeded: $0 / 7 % 23) }
        for bytes in [noise, words, [UInt8](repeating: 7, count: length)] {
            var block: [UInt8] = []
            bytes.withUnsafeBytes { Snappy.encode($0, to: &block) }
            #expect(try EmbeddingDumpExercise.decoded(block) == bytes)
        }
    }

    @Test func `what repeats becomes short`() {
        var block: [UInt8] = []
        [UInt8](repeating: 7, count: 65_536).withUnsafeBytes { Snappy.encode($0, to: &block) }
        #expect(block.count < 3300)
    }
}

struct Xorshift: RandomNumberGenerator {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
