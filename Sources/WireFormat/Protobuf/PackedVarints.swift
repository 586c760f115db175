/// A packed run of varints that is known to be well-formed.
///
/// Checking it once, eight bytes at a time, gives the number of values before any is decoded and lets the decoding
/// loop go without checks.
struct PackedVarints {
    private let bytes: UnsafeRawBufferPointer
    /// How many values the run holds.
    let count: Int

    /// `nil` when the last varint has no end or one is longer than 10 bytes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let count = Self.count(in: bytes) else { return nil }
        self.bytes = bytes
        self.count = count
    }

    private static let continuationBits: UInt64 = 0x8080_8080_8080_8080

    /// Counts bytes without continuation bit: each ends a varint. `run` is how many bytes with the bit the last ones
    /// were; more than 9 do not make a varint.
    private static func count(in bytes: UnsafeRawBufferPointer) -> Int? {
        var count = 0
        var run = 0
        var offset = 0
        while offset &+ 8 <= bytes.count {
            let ends = ~bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian & continuationBits
            if ends == 0 {
                run &+= 8
            } else {
                run &+= ends.trailingZeroBitCount / 8
                guard run <= 9 else { return nil }
                count &+= ends.nonzeroBitCount
                run = ends.leadingZeroBitCount / 8
            }
            guard run <= 9 else { return nil }
            offset &+= 8
        }
        while offset < bytes.count {
            if bytes[offset] < 0x80 {
                count &+= 1
                run = 0
            } else {
                run &+= 1
                guard run <= 9 else { return nil }
            }
            offset &+= 1
        }
        return run == 0 ? count : nil
    }

    /// Decodes the first values, at most `limit`, calling `body` with each and its index.
    @inline(__always)
    func decode(limit: Int, _ body: (Int, UInt64) -> Void) {
        guard var next = bytes.baseAddress else { return }
        for index in 0..<min(limit, count) {
            var byte = next.load(as: UInt8.self)
            next += 1
            var value = UInt64(byte & 0x7f)
            var shift: UInt64 = 7
            while byte >= 0x80 {
                byte = next.load(as: UInt8.self)
                next += 1
                value |= UInt64(byte & 0x7f) &<< shift
                shift &+= 7
            }
            body(index, value)
        }
    }
}
