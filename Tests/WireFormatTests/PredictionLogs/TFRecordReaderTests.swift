import Inference
import ServingPrimitives
import Testing
import WireExercises

@testable import WireFormat

@Suite struct TFRecordReaderTests {
    /// Written by TensorFlow's TFRecordWriter: "abc" and "defgh".
    private static let file: [UInt8] = [
        0x03, 0, 0, 0, 0, 0, 0, 0, 0xb0, 0x99, 0x49, 0x0e, 0x61, 0x62, 0x63, 0x6e, 0x57, 0xf1, 0x21,
        0x05, 0, 0, 0, 0, 0, 0, 0, 0xea, 0xb2, 0x04, 0x3e, 0x64, 0x65, 0x66, 0x67, 0x68, 0x80, 0x55, 0x62, 0x7d,
    ]

    private func texts(_ file: [UInt8]) throws(ServingError) -> [String] {
        try TFRecordExercise.records(in: file).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func `records come as TensorFlow wrote them`() throws {
        #expect(try texts(Self.file) == ["abc", "defgh"])
        #expect(try texts([]) == [])
    }

    @Test(
        arguments: [
            ("123456789", 0xE306_9283), ("", 0), ("a", 0xC1D0_4330),
            ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
        ] as [(String, UInt32)]
    )
    func `checksums are those of the standard`(_ text: String, _ checksum: UInt32) {
        #expect(Array(text.utf8).withUnsafeBytes { CRC32C.checksum($0) } == checksum)
    }

    @Test func `a file that ends inside a header ends there`() throws {
        #expect(try texts(Array(Self.file.prefix(5))) == [])
        #expect(try texts(Array(Self.file.prefix(30))) == ["abc"])
    }

    @Test(arguments: [12, 14, 18, 31, 38])
    func `a file that ends inside data is truncated`(_ length: Int) {
        let message = "truncated record at \(length < 19 ? 0 : 19)' failed with Read less bytes than requested"
        #expect(throws: ServingError(.dataLoss, message)) { try texts(Array(Self.file.prefix(length))) }
    }

    @Test(arguments: [
        (0, "corrupted record at 0 (Is this even a TFRecord file?)"),
        (11, "corrupted record at 0 (Is this even a TFRecord file?)"),
        (13, "corrupted record at 12"), (18, "corrupted record at 12"), (20, "corrupted record at 19"),
        (38, "corrupted record at 31"),
    ])
    func `a changed bit is found`(_ position: Int, _ message: String) {
        var file = Self.file
        file[position] ^= 0x10
        #expect(throws: ServingError(.dataLoss, message)) { try texts(file) }
    }

    @Test func `a length beyond all bounds takes no memory`() {
        for length in [UInt64.max, UInt64.max - 3, UInt64.max - 4, 1 << 62, 100] {
            var header = TFRecordExercise.framed([UInt8](repeating: 0, count: 0))
            withUnsafeBytes(of: length.littleEndian) { header.replaceSubrange(0..<8, with: $0) }
            let checksum = header[0..<8].withUnsafeBytes { CRC32C.masked($0) }
            withUnsafeBytes(of: checksum.littleEndian) { header.replaceSubrange(8..<12, with: $0) }
            let error = #expect(throws: ServingError.self) { try texts(header) }
            #expect(error?.code == .dataLoss)
            #expect(error?.message.hasPrefix(length > UInt64.max - 4 ? "record size" : "truncated record at 0") == true)
        }
    }
}
