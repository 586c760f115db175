import Tensors
import Testing

@Suite struct TensorGatherTests {
    @Test func `rows of a tensor are a view of its memory`() throws {
        let tensor = try Tensor(.int32, TensorShape([4, 3]), scalars: (0..<12).map { Int32($0) })
        let rows = tensor.rows(1..<3)
        #expect(rows.shape.dimensions == [2, 3])
        #expect(rows.scalars(as: Int32.self) == [3, 4, 5, 6, 7, 8])
        #expect(address(rows) == address(tensor) + 12)
        // Not in the macro, which cannot compare existentials.
        let isShared = rows.memoryOwner === tensor.memoryOwner
        #expect(isShared)
        #expect(tensor.rows(2..<2).shape.dimensions == [0, 3])
        #expect(address(tensor.rows(0..<4)) == address(tensor))
    }

    @Test func `rows of strings are views, too`() throws {
        let rows = try strings([3], ["a", "bb", "ccc"]).rows(1..<3)
        #expect(rows.stringValues() == ["bb", "ccc"].map { Array($0.utf8) })
    }

    @Test func `tensors are concatenated into aligned memory`() throws {
        let first = try Tensor(.float64, TensorShape([2, 2]), scalars: [1, 2, 3, 4] as [Double])
        let second = try Tensor(.float64, TensorShape([1, 2]), scalars: [5, 6] as [Double])
        let none = try Tensor(.float64, TensorShape([0, 2]), scalars: [] as [Double])
        let gathered = try TensorGather()([first, none, second.rows(0..<1), first.rows(1..<2)])
        #expect(gathered.shape.dimensions == [4, 2])
        #expect(gathered.scalars(as: Double.self) == [1, 2, 3, 4, 5, 6, 3, 4])
        #expect(address(gathered) % 64 == 0)
    }

    @Test func `one tensor alone is not copied`() throws {
        let tensor = try Tensor(.int64, .vector(2), scalars: [1, 2] as [Int64])
        #expect(address(try TensorGather()([tensor])) == address(tensor))
        #expect(address(try TensorGather(pads: true)([tensor])) == address(tensor))
    }

    @Test func `added rows repeat the first row of the last tensor that has one`() throws {
        let first = try Tensor(.int32, .vector(2), scalars: [1, 2] as [Int32])
        let second = try Tensor(.int32, .vector(2), scalars: [3, 4] as [Int32])
        let none = try Tensor(.int32, .vector(0), scalars: [] as [Int32])
        #expect(try TensorGather(extraRows: 2)([first, second]).scalars(as: Int32.self) == [1, 2, 3, 4, 3, 3])
        #expect(try TensorGather(extraRows: 1)([first]).scalars(as: Int32.self) == [1, 2, 1])
        #expect(try TensorGather(extraRows: 1)([first, none]).scalars(as: Int32.self) == [1, 2, 1])
        #expect(try TensorGather(extraRows: 3)([none]).shape.dimensions == [0])
    }

    @Test func `strings are gathered and outlive their sources`() throws {
        let gathered = try TensorGather(extraRows: 1)([strings([1], ["one"]), strings([2], ["two", ""]).rows(0..<2)])
        #expect(gathered.stringValues() == ["one", "two", "", "two"].map { Array($0.utf8) })
    }

    @Test(arguments: ElementType.allCases.filter { $0 != .string })
    func `every fixed-width type is padded with its own first element`(type: ElementType) throws {
        let width = try #require(type.byteWidth)
        func tensor(_ dimensions: [Int], _ elements: [UInt8]) throws -> Tensor {
            var buffer = try TensorBuffer(type, TensorShape(dimensions))
            buffer.withUnsafeMutableBytes {
                $0.copyBytes(from: elements.flatMap { Array(repeating: $0, count: width) })
            }
            return buffer.freeze()
        }
        let gathered = try TensorGather(pads: true)([tensor([2, 1], [7, 8]), tensor([1, 3], [4, 5, 6])])
        let expected = try tensor([3, 3], [7, 7, 7, 8, 7, 7, 4, 5, 6])
        #expect(gathered.elementType == type && gathered.shape == expected.shape)
        #expect(gathered.withUnsafeBytes { Array($0) } == expected.withUnsafeBytes { Array($0) })
    }

    @Test func `strings are padded with their own first element`() throws {
        let gathered = try TensorGather(pads: true)([strings([1, 2], ["a", "b"]), strings([1, 1], ["cc"])])
        #expect(gathered.stringValues() == ["a", "b", "cc", "cc"].map { Array($0.utf8) })
    }

    /// Against a plain reference, for every rank that can be padded.
    @Test(arguments: 1...6)
    func `padding is at the end of each dimension`(rank: Int) throws {
        var random = SplitMix(seed: UInt64(rank))
        for _ in 0..<60 {
            let tensors = try (0..<Int.random(in: 1...4, using: &random)).map { index in
                let dimensions = (0..<rank).map { _ in Int.random(in: 1...3, using: &random) }
                let count = dimensions.reduce(1, *)
                return try Tensor(
                    .int32,
                    TensorShape(dimensions),
                    scalars: (0..<count).map { Int32(100 * (index + 1) + $0) }
                )
            }
            let extraRows = Int.random(in: 0...2, using: &random)
            let gathered = try TensorGather(pads: true, extraRows: extraRows)(tensors)
            let expected = reference(tensors, extraRows: extraRows)
            #expect(gathered.shape.dimensions == expected.dimensions)
            #expect(gathered.scalars(as: Int32.self) == expected.elements)
        }
    }

    @Test(
        arguments: [
            ([[1, 2], [1, 3]], false, "differentShapes"), ([[1, 2], [1, 2, 1]], false, "differentShapes"),
            ([[1, 2], [1, 2, 1]], true, "differentShapes"), ([[1, 1, 1, 1, 1, 1, 1]], true, "rankNotPadded"),
            ([[2, 0], [1, 3]], true, "emptyTensor"), ([[1, 3], [2, 0]], true, "emptyTensor"),
        ] as [([[Int]], Bool, String)]
    )
    func `tensors that do not fit are refused`(shapes: [[Int]], pads: Bool, error: String) throws {
        let tensors = try shapes.map { try ints($0) }
        do throws(TensorGatherError) {
            let gathered = try TensorGather(pads: pads)(tensors)
            Issue.record("gathered to \(gathered.shape)")
        } catch let refusal {
            #expect("\(refusal)".hasPrefix(error))
        }
    }

    @Test(
        arguments: [
            ([[0, 3], [1, 5]], [1, 5]), ([[2, 0], [1, 0]], [3, 0]), ([[0, 2, 9], [2, 2, 1]], [2, 2, 9]),
        ] as [([[Int]], [Int])]
    )
    func `tensors without elements are padded where nothing is missing`(shapes: [[Int]], expected: [Int]) throws {
        let gathered = try TensorGather(pads: true)(shapes.map { try ints($0) })
        #expect(gathered.shape.dimensions == expected)
    }

    @Test func `different types are refused`() throws {
        let float = try Tensor(.float32, .vector(1), scalars: [1 as Float])
        #expect(throws: TensorGatherError.differentTypes(.float32, .int32)) { try TensorGather()([float, ints([1])]) }
    }

    @Test func `padding makes no more than the limit of little`() throws {
        let wide = try ints([1, 4096, 1])
        let high = try ints([1, 1, 4096])
        #expect(throws: TensorGatherError.self) {
            try TensorGather(pads: true, maximumPaddedByteCount: 1 << 20)([wide, high])
        }
        let gathered = try TensorGather(pads: true, maximumPaddedByteCount: 1 << 28)([wide, high])
        #expect(gathered.shape.dimensions == [2, 4096, 4096])
    }

    @Test func `padded shapes that overflow are refused`() throws {
        let huge = 1 << 40
        #expect(throws: TensorGatherError.self) {
            try TensorGather(pads: true)([ints([0, huge, 1]), ints([0, 1, huge])])
        }
    }
}

private func address(_ tensor: Tensor) -> Int {
    tensor.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
}

private func strings(_ dimensions: [Int], _ values: [String]) throws -> Tensor {
    try Tensor(TensorShape(dimensions), strings: values.map { Array($0.utf8) })
}

private func ints(_ dimensions: [Int]) throws -> Tensor {
    let shape = try TensorShape(dimensions)
    return try Tensor(.int32, shape, scalars: (0..<shape.elementCount).map { Int32($0) })
}

/// Element by element, by index.
private func reference(_ tensors: [Tensor], extraRows: Int) -> (dimensions: [Int], elements: [Int32]) {
    let rank = tensors[0].shape.rank
    let largest = (0..<rank).map { dimension in tensors.map { $0.shape[dimension] }.max()! }
    var elements: [Int32] = []
    func append(_ tensor: Tensor, row: Int) {
        let source = tensor.scalars(as: Int32.self)
        var index = Array(repeating: 0, count: rank)
        index[0] = row
        for _ in 0..<largest.dropFirst().reduce(1, *) {
            let isInside = (1..<rank).allSatisfy { index[$0] < tensor.shape[$0] }
            var offset = 0
            for dimension in 0..<rank { offset = offset * tensor.shape[dimension] + index[dimension] }
            elements.append(isInside ? source[offset] : source[0])
            for dimension in (1..<max(rank, 1)).reversed() {
                index[dimension] += 1
                if index[dimension] < largest[dimension] { break }
                index[dimension] = 0
            }
        }
    }
    for tensor in tensors { for row in 0..<tensor.shape[0] { append(tensor, row: row) } }
    for _ in 0..<extraRows { append(tensors.last!, row: 0) }
    let rows = tensors.reduce(extraRows) { $0 + $1.shape[0] }
    return ([rows] + largest.dropFirst(), elements)
}

private struct SplitMix: RandomNumberGenerator {
    var seed: UInt64

    mutating func next() -> UInt64 {
        seed &+= 0x9E37_79B9_7F4A_7C15
        var value = (seed ^ (seed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
