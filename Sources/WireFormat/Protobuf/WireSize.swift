import ServingPrimitives

/// How many bytes things take on the wire.
enum WireSize {
    /// The largest message protobuf can carry: lengths are signed 32-bit numbers.
    static let maximumMessage = Int(Int32.max)

    /// - Throws: `RESOURCE_EXHAUSTED` when an answer of that size is larger than a message can be.
    static func checkedMessage(_ size: Int) throws(ServingError) -> Int {
        guard size <= maximumMessage else {
            throw ServingError(
                .resourceExhausted,
                "The answer has \(size) bytes; a message can have at most \(maximumMessage)."
                    + " Ask for fewer rows, or for fewer outputs with output_filter."
            )
        }
        return size
    }

    /// 1 to 10: one byte for every seven bits.
    @inline(__always)
    static func varint(_ value: UInt64) -> Int {
        // (bits + 6) / 7 without a division, exact for 1 to 64 bits.
        ((64 &- (value | 1).leadingZeroBitCount) &* 9 &+ 64) &>> 6
    }

    @inline(__always)
    static func tag(_ field: UInt32) -> Int { field < 16 ? 1 : 2 }

    /// A length-delimited field of `length` bytes with its tag and length.
    @inline(__always)
    static func field(_ field: UInt32, length: Int) -> Int { tag(field) + varint(UInt64(length)) + length }

    static func string(_ field: UInt32, _ string: String) -> Int {
        string.isEmpty ? 0 : Self.field(field, length: string.utf8.count)
    }

    static func number(_ field: UInt32, _ value: UInt64) -> Int { value == 0 ? 0 : tag(field) + varint(value) }

    static func double(_ field: UInt32, _ value: Double) -> Int { value.bitPattern == 0 ? 0 : tag(field) + 8 }

    static func float(_ field: UInt32, _ value: Float) -> Int { value.bitPattern == 0 ? 0 : tag(field) + 4 }
}
