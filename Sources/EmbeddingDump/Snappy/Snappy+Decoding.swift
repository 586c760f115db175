extension Snappy {
    /// What compressed bytes say about themselves: how many they stand for, and how many bytes it takes to say that.
    ///
    /// - Throws: when that is no number below 2^32.
    package static func preamble(
        of input: UnsafeRawBufferPointer
    ) throws(Malformed) -> (length: Int, byteCount: Int) {
        var length: UInt64 = 0
        for index in 0..<min(input.count, 5) {
            length |= UInt64(input[index] & 0x7F) << UInt64(7 * index)
            guard input[index] < 0x80 else { continue }
            guard length <= UInt64(UInt32.max) else { break }
            return (Int(length), index + 1)
        }
        throw Malformed(reason: "it does not begin with a length")
    }

    /// - Parameters:
    ///   - input: compressed bytes with their preamble.
    ///   - output: exactly as long as the preamble says. Undefined when it throws.
    package static func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(Malformed) {
        let (length, byteCount) = try preamble(of: input)
        precondition(length == output.count, "room for \(output.count) bytes, and the block says it holds \(length)")
        var decoder = Decoder(input, at: byteCount, output)
        try decoder.run()
    }

    // Pointers, checked by hand: this is where most time of reading a dump of several tables goes.
    private struct Decoder {
        private let input: UnsafeRawBufferPointer
        private let output: UnsafeMutableRawBufferPointer
        private var position: Int
        private var written = 0

        init(_ input: UnsafeRawBufferPointer, at position: Int, _ output: UnsafeMutableRawBufferPointer) {
            self.input = input
            self.output = output
            self.position = position
        }

        mutating func run() throws(Malformed) {
            while position < input.count {
                let tag = input[position]
                position += 1
                switch tag & 3 {
                case Element.literal: try literal(try literalLength(tag))
                case Element.copyWithOneByteOffset:
                    let low = try number(1)
                    try copy(Int(tag >> 2 & 7) + 4, from: Int(tag >> 5) << 8 | low)
                case Element.copyWithTwoByteOffset: try copy(Int(tag >> 2) + 1, from: try number(2))
                default: try copy(Int(tag >> 2) + 1, from: try number(4))
                }
            }
            guard written == output.count else {
                throw Malformed(reason: "it holds \(written) bytes and says \(output.count)")
            }
        }

        /// The next bytes as a number, little endian.
        @inline(__always)
        private mutating func number(_ byteCount: Int) throws(Malformed) -> Int {
            guard byteCount <= input.count - position else { throw Malformed(reason: "it ends too early") }
            var value = 0
            for index in 0..<byteCount { value |= Int(input[position + index]) << (8 * index) }
            position += byteCount
            return value
        }

        @inline(__always)
        private mutating func literalLength(_ tag: UInt8) throws(Malformed) -> Int {
            let short = Int(tag >> 2)
            return short < 60 ? short + 1 : try number(short - 59) + 1
        }

        @inline(__always)
        private mutating func literal(_ count: Int) throws(Malformed) {
            guard count <= input.count - position else { throw Malformed(reason: "it ends too early") }
            guard count <= output.count - written else { throw Malformed(reason: "it holds more bytes than it says") }
            let source = UnsafeRawBufferPointer(rebasing: input[position..<position + count])
            UnsafeMutableRawBufferPointer(rebasing: output[written...]).copyMemory(from: source)
            position += count
            written += count
        }

        @inline(__always)
        private mutating func copy(_ count: Int, from distance: Int) throws(Malformed) {
            guard distance > 0, distance <= written else {
                throw Malformed(reason: "it refers to bytes before its beginning")
            }
            guard count <= output.count - written else { throw Malformed(reason: "it holds more bytes than it says") }
            if distance >= count {
                let source = UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(output)[(written - distance)..<(written - distance + count)]
                )
                UnsafeMutableRawBufferPointer(rebasing: output[written...]).copyMemory(from: source)
            } else {
                // Bytes that this very copy writes are repeated.
                for index in written..<(written + count) { output[index] = output[index - distance] }
            }
            written += count
        }
    }
}
