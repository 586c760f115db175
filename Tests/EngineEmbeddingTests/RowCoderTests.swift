import CEmbedding
import ServingPrimitives
import Testing

@testable import EngineEmbedding

@Suite struct RowCoderTests {
    private func coded(_ segments: [RowSegment], _ numbers: [Float]) throws -> [Float] {
        let coder = RowCoder(try RowFormat(segments))
        var row = [UInt8](repeating: 0, count: coder.format.byteCount)
        var decoded = [Float](repeating: .nan, count: coder.format.dimension)
        row.withUnsafeMutableBytes { coder.encode(numbers, into: $0.baseAddress!) }
        row.withUnsafeBytes { coder.decode($0.baseAddress!, into: &decoded) }
        return decoded
    }

    @Test func `fp32 is what came`() throws {
        let numbers: [Float] = [0.1, -0.0, 1e38, .leastNonzeroMagnitude, .infinity]
        #expect(try coded([RowSegment(dimension: 5, compression: .fp32)], numbers) == numbers)
    }

    @Test func `fixed_r8 rounds to steps, halves away from zero, and stays in its range`() throws {
        let step: Float = 5.0 / 128
        let numbers: [Float] = [
            100, 0, 3.5, step * 1.4, step * 1.6, -step * 1.4, -step * 1.6, -100, .nan, .infinity, -.infinity,
            step * 0.5,
            -step * 0.5,
        ]
        let expected: [Float] = [
            step * 127, 0, step * 90, step, step * 2, -step, -step * 2, -5, 0, step * 127, -5, step, -step,
        ]
        let segment = RowSegment(dimension: numbers.count, compression: .fixedR8(range: 5))
        #expect(try coded([segment], numbers) == expected)
    }

    @Test func `one_bit keeps the sign, and zero is negative`() throws {
        let numbers: [Float] = [100, 0.1, 0.00001, 0, -0.00001, -0.1, -100, .nan]
        let segment = RowSegment(dimension: 8, compression: .oneBit(scale: 1, amplitude: 0.5))
        #expect(try coded([segment], numbers) == [0.5, 0.5, 0.5, -0.5, -0.5, -0.5, -0.5, -0.5])
    }

    @Test func `parts of a row follow each other, whatever their alignment`() throws {
        let segments = [
            RowSegment(dimension: 3, compression: .fixedR8(range: 1)), RowSegment(dimension: 1, compression: .fp32),
            RowSegment(dimension: 9, compression: .fp16), RowSegment(dimension: 1, compression: .fp32),
        ]
        let numbers: [Float] = [0.5, -0.5, 0.25, 3.14159, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2.71828]
        #expect(try RowFormat(segments).byteCount == 3 + 4 + 18 + 4)
        #expect(try coded(segments, numbers) == numbers)
    }

    @Test func `every half-precision number is decoded exactly, with the processor's instructions and without`() {
        let halves = (0...UInt16.max).map { $0 }
        var fast = [Float](repeating: 0, count: halves.count)
        var portable = fast
        cembedding_decode_fp16(halves, &fast, halves.count)
        cembedding_decode_fp16_portable(halves, &portable, halves.count)
        #expect(fast.map(\.bitPattern) == portable.map(\.bitPattern))
        #expect(portable[0x3C00] == 1 && portable[0xC000] == -2 && portable[1] == 0x1p-24 && portable[0x7BFF] == 65504)
        #expect(portable[0x7C00] == .infinity && portable[0x7E00].isNaN && portable[0x8000].sign == .minus)
        var again = [UInt16](repeating: 0, count: halves.count)
        cembedding_encode_fp16_portable(portable, &again, halves.count)
        // All but signalling NaNs, which come out quiet.
        for half in halves where half & 0x7C00 != 0x7C00 || half & 0x200 != 0 || half & 0x3FF == 0 {
            #expect(again[Int(half)] == half)
        }
    }

    @Test func `numbers round to the nearest half-precision number, ties to even, as the processor does`() {
        var random = SplitMix(state: 1)
        var numbers: [Float] = [65519, 65520, 65536, 1e30, 0x1p-25, 0x1.8p-25, 0x1p-24, 0x1.ffcp-15, 0x1.fffp-15]
        // Every magnitude, and halves between neighbours.
        for exponent in UInt32(90)...160 {
            for _ in 0..<500 {
                let fraction = UInt32.random(in: 0..<1 << 23, using: &random)
                numbers.append(Float(bitPattern: exponent << 23 | fraction))
            }
            for _ in 0..<100 {
                let fraction = UInt32.random(in: 0..<1 << 10, using: &random) << 13 | 1 << 12
                numbers.append(Float(bitPattern: exponent << 23 | fraction))
            }
        }
        numbers += numbers.map { -$0 }
        var fast = [UInt16](repeating: 0, count: numbers.count)
        var portable = fast
        cembedding_encode_fp16(numbers, &fast, numbers.count)
        cembedding_encode_fp16_portable(numbers, &portable, numbers.count)
        #expect(fast == portable)
        #expect(portable[0] == 0x7BFF && portable[1] == 0x7C00 && portable[4] == 0 && portable[5] == 1)
    }

    @Test(arguments: [
        ([], "a row has 0 parts"),
        ([RowSegment(dimension: 0, compression: .fp16)], "has 0 numbers"),
        ([RowSegment(dimension: 1 << 20, compression: .fp16)], "has 1048576 numbers"),
        ([RowSegment(dimension: 1, compression: .fixedR8(range: 0))], "the range of fixed_r8 is 0.0"),
        ([RowSegment(dimension: 1, compression: .oneBit(scale: .nan, amplitude: 1))], "the scale of one_bit is nan"),
        ([RowSegment(dimension: 1, compression: .oneBit(scale: 1, amplitude: -1))], "the amplitude of one_bit is -1.0"),
    ])
    func `a format that makes no sense is refused`(segments: [RowSegment], part: String) {
        let error = #expect(throws: ServingError.self) { try RowFormat(segments) }
        #expect(error?.message.contains(part) == true)
    }
}
