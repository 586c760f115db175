import Tensors
import Testing

@Suite struct TensorBufferTests {
    @Test(arguments: [[], [0], [1], [3, 5], [1000]])
    func `a buffer is aligned, as large as its shape needs, and becomes its tensor without a copy`(
        dimensions: [Int]
    ) throws {
        var buffer = try TensorBuffer(.float32, TensorShape(dimensions))
        let count = dimensions.reduce(1, *)
        let byteCount = buffer.byteCount
        #expect(byteCount == 4 * count)
        let address = buffer.withUnsafeMutableBytes { bytes in
            for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index) }
            return UInt(bitPattern: bytes.baseAddress)
        }
        #expect(address.isMultiple(of: UInt(TensorBuffer.alignment)))
        let tensor = buffer.freeze()
        #expect(tensor.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } == address)
        #expect(tensor.withUnsafeBytes { Array($0) } == (0..<4 * count).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func `a buffer that cannot be had is refused`() throws {
        let huge = try TensorShape([1 << 62])
        #expect(throws: TensorError.self) { _ = try TensorBuffer(.float64, huge) }
        let large = try TensorShape([1 << 60])
        #expect(throws: TensorError.self) { _ = try TensorBuffer(.float32, large) }
        #expect(throws: TensorError("use StringTensorBuilder for strings")) {
            _ = try TensorBuffer(.string, .vector(1))
        }
    }
}
