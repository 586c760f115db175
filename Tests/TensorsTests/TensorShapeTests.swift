import Tensors
import Testing

@Suite struct TensorShapeTests {
    @Test(
        arguments: [
            ([], 1), ([0], 0), ([5], 5), ([2, 3], 6), ([2, 0, 3], 0), ([1, 1, 1, 1, 1, 1], 1),
            ([2, 2, 2, 2, 2, 2, 2], 128), ([1, 2, 3, 4, 5, 6, 7, 8, 9], 362_880), ([.max], .max), ([.max, 1, 1], .max),
            ([1 << 31, 1 << 31], 1 << 62), ([0, .max], 0),
        ] as [([Int], Int)]
    )
    func `a shape keeps its dimensions and knows their product`(dimensions: [Int], count: Int) throws {
        let shape = try TensorShape(dimensions)
        #expect(shape.rank == dimensions.count)
        #expect(shape.dimensions == dimensions)
        #expect(shape.elementCount == count)
        #expect(shape.description == "[" + dimensions.map(String.init).joined(separator: ",") + "]")
    }

    @Test(
        arguments: [
            ([-1], "dimension 0 is -1; expected 0 or more"),
            ([2, .min], "dimension 1 is -9223372036854775808; expected 0 or more"),
            ([.max, 2], "the product of the dimensions overflows 64 bits"),
            ([1 << 32, 1 << 31], "the product of the dimensions overflows 64 bits"),
            ([0, .max, .max], "the product of the dimensions overflows 64 bits"),
            ([.max, .max, 0], "the product of the dimensions overflows 64 bits"),
            ([2, 2, 2, 2, 2, 2, .max], "the product of the dimensions overflows 64 bits"),
        ] as [([Int], String)]
    )
    func `a shape that cannot be is refused`(dimensions: [Int], message: String) {
        #expect(throws: TensorError(message)) { try TensorShape(dimensions) }
    }

    @Test func `the rank has a bound`() throws {
        let ones = Array(repeating: 1, count: TensorShape.maximumRank)
        #expect(try TensorShape(ones).rank == 254)
        #expect(throws: TensorError("more than 254 dimensions")) { try TensorShape(ones + [1]) }
    }

    @Test func `scalars and vectors`() throws {
        #expect(TensorShape.scalar == (try TensorShape([])))
        #expect(TensorShape.scalar.elementCount == 1)
        #expect(TensorShape.vector(3) == (try TensorShape([3])))
        #expect(TensorShape.vector(0).elementCount == 0)
    }

    @Test(
        arguments: [
            ([], [1]), ([2], [2, 1]), ([2, 3], [3, 2]), ([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 8]), ([0], []),
        ] as [([Int], [Int])]
    )
    func `shapes differ where their dimensions do`(one: [Int], other: [Int]) throws {
        #expect(try TensorShape(one) != TensorShape(other))
        #expect(try TensorShape(one) == TensorShape(one))
        #expect(try Set([TensorShape(one), TensorShape(other), TensorShape(one)]).count == 2)
    }

    @Test func `a dimension is put in front`() throws {
        #expect(try TensorShape([2, 3]).prepending(4).dimensions == [4, 2, 3])
        #expect(try TensorShape([1, 2, 3, 4, 5, 6]).prepending(7).dimensions == [7, 1, 2, 3, 4, 5, 6])
        #expect(throws: TensorError.self) { try TensorShape([.max]).prepending(2) }
        #expect(throws: TensorError.self) { try TensorShape([2]).prepending(-1) }
    }
}
