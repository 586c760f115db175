import ServingPrimitives
import Tensors
import Testing

@testable import Inference

@Suite struct BatchVerificationTests {
    private func floats(_ values: [Float]) throws -> Tensor {
        try Tensor(.float32, .vector(values.count), scalars: values)
    }

    @Test(
        arguments: [
            ([1, 2, 3], [1, 2, 3], true), ([1, 2, 3], [1, 2, 3.0001], true), ([1, 2, 3], [1, 2.1, 3], false),
            // What is small beside the largest value may differ by rounding.
            ([1000, 0.001], [1000, 0.0], true), ([0, 0], [0, 0], true), ([0, 1e-30], [0, 0], false),
            ([.nan, 1], [.nan, 1], true), ([.nan, 1], [1, 1], false), ([.infinity], [.infinity], true),
            ([.infinity], [-.infinity], false), ([-0.0], [0.0], true),
        ] as [([Float], [Float], Bool)]
    )
    func `floats agree up to rounding`(batched: [Float], alone: [Float], agree: Bool) throws {
        #expect((BatchVerification.difference(try floats(batched), try floats(alone)) == nil) == agree)
    }

    @Test func `other values agree exactly`() throws {
        let one = try Tensor(.int64, .vector(2), scalars: [1, 2] as [Int64])
        let other = try Tensor(.int64, .vector(2), scalars: [1, 3] as [Int64])
        #expect(BatchVerification.difference(one, one) == nil && BatchVerification.difference(one, other) != nil)
        let text = try Tensor(.vector(1), strings: ["a".utf8])
        let other_ = try Tensor(.vector(1), strings: ["b".utf8])
        #expect(BatchVerification.difference(text, text) == nil && BatchVerification.difference(text, other_) != nil)
        let half = try Tensor(.float16, .vector(1), scalars: [Float16(1)])
        let near = try Tensor(.float16, .vector(1), scalars: [Float16(1.01)])
        #expect(BatchVerification.difference(half, near) == nil)
        let brain = try Tensor(.bfloat16, .vector(1), scalars: [UInt16(0x3F80)])
        let twice = try Tensor(.bfloat16, .vector(1), scalars: [UInt16(0x4000)])
        #expect(BatchVerification.difference(brain, brain) == nil && BatchVerification.difference(brain, twice) != nil)
    }

    @Test func `shapes and types must be the same`() throws {
        let flat = try floats([1, 2])
        let tall = try Tensor(.float32, TensorShape([2, 1]), scalars: [1, 2] as [Float])
        let double = try Tensor(.float64, .vector(2), scalars: [1, 2] as [Double])
        #expect(BatchVerification.difference(flat, tall) == "float [2] in a batch, float [2,1] alone")
        #expect(BatchVerification.difference(flat, double) == "float [2] in a batch, double [2] alone")
    }

    @Test func `three batches that are right decide, and one that is wrong`() {
        let right = BatchVerification()
        for count in 0..<3 {
            #expect(right.verdict == .open(count))
            right.agreed()
        }
        #expect(right.verdict == .independent)
        right.disagreed("too late")
        #expect(right.verdict == .independent)
        let wrong = BatchVerification()
        wrong.agreed()
        wrong.disagreed("1 in a batch, 2 alone")
        wrong.agreed()
        #expect(wrong.verdict == .dependent("1 in a batch, 2 alone"))
    }
}
