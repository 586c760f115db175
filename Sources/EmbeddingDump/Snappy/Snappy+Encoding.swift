extension Snappy {
    /// References reach no farther than this, so bytes are compressed in parts of this length.
    package static let fragmentLength = 1 << 16

    /// Appends the compressed form of `input` to `output`: at most a sixth longer, and 32 bytes.
    ///
    /// - Parameter input: shorter than 4 GiB.
    package static func encode(_ input: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        precondition(input.count <= Int(UInt32.max), "Snappy's lengths have 32 bits")
        output.reserveCapacity(output.count + input.count + input.count / 6 + 32)
        appendLength(input.count, to: &output)
        for start in stride(from: 0, to: input.count, by: fragmentLength) {
            let end = min(start + fragmentLength, input.count)
            encodeFragment(UnsafeRawBufferPointer(rebasing: input[start..<end]), to: &output)
        }
    }

    private static func appendLength(_ length: Int, to output: inout [UInt8]) {
        var rest = length
        while rest > 0x7F {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    private static let tableBits = 14
    private static let shortestMatch = 4

    /// Looks for four bytes that came before by a table of the last place of each hash. Where nothing matches for long it
    /// looks at fewer and fewer places: weights hardly repeat.
    private static func encodeFragment(_ input: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 1 << tableBits) { places in
            places.initialize(repeating: 0)
            var literalStart = 0
            var position = 1
            var misses = 0
            while position + shortestMatch <= input.count {
                let word = input.loadUnaligned(fromByteOffset: position, as: UInt32.self)
                let slot = Int((word &* 0x1E35_A7BD) >> UInt32(32 - tableBits))
                let candidate = Int(places[slot])
                places[slot] = UInt16(position)
                guard input.loadUnaligned(fromByteOffset: candidate, as: UInt32.self) == word, candidate < position
                else {
                    position += 1 + misses >> 5
                    misses += 1
                    continue
                }
                var length = shortestMatch
                while position + length < input.count, input[candidate + length] == input[position + length] {
                    length += 1
                }
                appendLiteral(input[literalStart..<position], to: &output)
                appendCopy(length, from: position - candidate, to: &output)
                position += length
                literalStart = position
                misses = 0
            }
            appendLiteral(input[literalStart...], to: &output)
        }
    }

    private static func appendLiteral(_ bytes: Slice<UnsafeRawBufferPointer>, to output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let last = bytes.count - 1
        if last < 60 {
            output.append(UInt8(last) << 2 | Element.literal)
        } else if last < 1 << 8 {
            output.append(60 << 2 | Element.literal)
            output.append(UInt8(last))
        } else {
            output.append(61 << 2 | Element.literal)
            output.append(UInt8(truncatingIfNeeded: last))
            output.append(UInt8(last >> 8))
        }
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes))
    }

    private static func appendCopy(_ length: Int, from distance: Int, to output: inout [UInt8]) {
        var length = length
        // One element has up to 64 bytes; what is left at the end has at least four.
        while length > 64 {
            let part = length < 64 + shortestMatch ? 60 : 64
            appendLongCopy(part, from: distance, to: &output)
            length -= part
        }
        guard length < 12, distance < 1 << 11 else { return appendLongCopy(length, from: distance, to: &output) }
        output.append(UInt8(distance >> 8) << 5 | UInt8(length - 4) << 2 | Element.copyWithOneByteOffset)
        output.append(UInt8(truncatingIfNeeded: distance))
    }

    private static func appendLongCopy(_ length: Int, from distance: Int, to output: inout [UInt8]) {
        output.append(UInt8(length - 1) << 2 | Element.copyWithTwoByteOffset)
        output.append(UInt8(truncatingIfNeeded: distance))
        output.append(UInt8(distance >> 8))
    }
}
