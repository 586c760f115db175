import Tensors
import Testing

/// Counts how many are left.
private final class Owner {
    let bytes: UnsafeMutableRawBufferPointer
    private let onEnd: () -> Void

    init(_ bytes: [UInt8], onEnd: @escaping () -> Void = {}) {
        self.bytes = .allocate(byteCount: bytes.count, alignment: 8)
        self.bytes.copyBytes(from: bytes)
        self.onEnd = onEnd
    }

    deinit {
        bytes.deallocate()
        onEnd()
    }
}

@Suite struct TensorTests {
    @Test(arguments: ElementType.allCases)
    func `every fixed-width type holds its bytes`(type: ElementType) throws {
        guard let width = type.byteWidth else { return }
        let owner = Owner((0..<UInt8(6 * width)).map { $0 })
        let shape = try TensorShape([2, 3])
        let tensor = try Tensor(type, shape, bytes: UnsafeRawBufferPointer(owner.bytes), owner: owner)
        #expect(tensor.elementType == type && tensor.shape == shape)
        #expect(tensor.byteCount == 6 * width)
        #expect(tensor.withUnsafeBytes { Array($0) } == (0..<UInt8(6 * width)).map { $0 })
    }

    @Test(
        arguments: [
            (.float32, [2], 7, "7 bytes do not make a float tensor of shape [2], which needs 8"),
            (.float32, [2], 9, "9 bytes do not make a float tensor of shape [2], which needs 8"),
            (.float32, [0], 4, "4 bytes do not make a float tensor of shape [0], which needs 0"),
            (.int64, [], 0, "0 bytes do not make a int64 tensor of shape [], which needs 8"),
            (
                .complex128, [1 << 61], 0,
                "0 bytes do not make a complex128 tensor of shape [2305843009213693952]"
            ),
            (.string, [1], 16, "a string tensor is not made of plain bytes"),
        ] as [(ElementType, [Int], Int, String)]
    )
    func `bytes that do not fit type and shape are refused`(
        type: ElementType,
        dimensions: [Int],
        count: Int,
        message: String
    ) throws {
        let owner = Owner(Array(repeating: 0, count: count))
        let shape = try TensorShape(dimensions)
        #expect(throws: TensorError(message)) {
            try Tensor(type, shape, bytes: UnsafeRawBufferPointer(owner.bytes), owner: owner)
        }
    }

    @Test func `a tensor shares its memory and keeps it until the last copy is gone`() throws {
        var isGone = false
        var tensor: Tensor?
        do {
            let owner = Owner([1, 2, 3], onEnd: { isGone = true })
            tensor = try Tensor(.uint8, .vector(3), bytes: UnsafeRawBufferPointer(owner.bytes), owner: owner)
            let address = UnsafeRawPointer(owner.bytes.baseAddress)
            #expect(tensor?.withUnsafeBytes { $0.baseAddress } == address)
            #expect(tensor?.memoryOwner === owner)
        }
        var copy = tensor
        tensor = nil
        #expect(!isGone)
        #expect(copy?.scalars(as: UInt8.self) == [1, 2, 3])
        copy = nil
        #expect(isGone)
    }

    @Test func `scalars go in and come out`() throws {
        let tensor = try Tensor(.float64, TensorShape([2, 1]), scalars: [1.5, -2])
        #expect(tensor.scalars(as: Double.self) == [1.5, -2])
        #expect(try Tensor(.int32, .scalar, scalars: [Int32(7)]).scalars(as: Int32.self) == [7])
        #expect(try Tensor(.bool, .vector(0), scalars: [Bool]()).scalars(as: Bool.self) == [])
    }

    @Test func `scalars of another width or number are refused`() {
        #expect(throws: TensorError.self) { try Tensor(.float32, .vector(1), scalars: [1.0 as Double]) }
        #expect(throws: TensorError.self) { try Tensor(.float32, .vector(2), scalars: [1 as Float]) }
        #expect(throws: TensorError.self) { try Tensor(.string, .vector(1), scalars: [1 as Float]) }
    }

    @Test func `scalars at odd addresses are read`() throws {
        let owner = Owner([9, 1, 0, 0, 0, 2, 0, 0, 0])
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(owner.bytes)[1...])
        let tensor = try Tensor(.int32, .vector(2), bytes: bytes, owner: owner)
        #expect(tensor.scalars(as: Int32.self) == [1, 2])
    }

    @Test(
        arguments: [
            [], [""], ["", "", ""], ["a", "", "long enough to lie elsewhere", "\u{0}", "ü"],
        ] as [[String]]
    )
    func `strings go in and come out`(strings: [String]) throws {
        let tensor = try Tensor(.vector(strings.count), strings: strings.map { Array($0.utf8) })
        #expect(tensor.elementType == .string)
        #expect(tensor.stringValues() == strings.map { Array($0.utf8) })
        #expect(tensor.byteCount == strings.reduce(0) { $0 + $1.utf8.count })
        #expect(tensor.withUnsafeBytes { $0.count } == 0)
    }

    @Test func `strings need not be UTF-8`() throws {
        let bytes: [[UInt8]] = [[0xFF, 0xFE], [0x80]]
        #expect(try Tensor(TensorShape([1, 2]), strings: bytes).stringValues() == bytes)
    }

    @Test func `strings of another number than the shape's are refused`() {
        #expect(throws: TensorError("1 strings do not fill shape [2], which needs 2")) {
            try Tensor(.vector(2), strings: [Array("a".utf8)])
        }
    }

    @Test func `the string builder takes elements from memory and from collections`() throws {
        var builder = StringTensorBuilder()
        [1, 2, 3 as UInt8].withUnsafeBytes { builder.append($0) }
        builder.append(UnsafeRawBufferPointer(start: nil, count: 0))
        builder.append(contentsOf: "xy".utf8)
        #expect(builder.count == 3)
        let tensor = try builder.finish(.vector(3))
        #expect(tensor.stringValues() == [[1, 2, 3], [], Array("xy".utf8)])
    }

    @Test func `a tensor of numbers has no strings`() throws {
        let tensor = try Tensor(.float32, .vector(1), scalars: [1 as Float])
        #expect(tensor.withStrings { $0.count } == 0)
    }
}
