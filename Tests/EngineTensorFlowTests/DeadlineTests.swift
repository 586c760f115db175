import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors
import Testing

@Suite struct DeadlineTests {
    static let expired = ServingError.deadlineExceeded("Timed out waiting for notification")

    @Test func `a run whose deadline has passed does not begin`() throws {
        let model = try TestModels.load("half_plus_two")
        let past = Deadline(MonotonicTime(nanoseconds: 1))
        #expect(throws: Self.expired) { try model.answer(["x": .floats([1])], deadline: past) }
    }

    /// Whatever earlier runs took: a loop may run for any time.
    @Test(arguments: [0, 1_000, 10_000_000] as [UInt64])
    func `TensorFlow stops a run at its deadline`(expectedNanoseconds: UInt64) throws {
        let model = try TestModels.load("loop")
        let steps = try Tensor(.int64, .scalar, scalars: [Int64.max])
        #expect(throws: Self.expired) {
            try model.answer(
                ["steps": steps],
                deadline: .after(nanoseconds: 20_000_000, from: .now()),
                expectedNanoseconds: expectedNanoseconds
            )
        }
        // The model is none the worse for it.
        let few = try Tensor(.int64, .scalar, scalars: [Int64(3)])
        #expect(try model.answer(["steps": few])["steps_done"]?.scalars(as: Int64.self) == [3])
    }

    @Test(arguments: ["half_plus_two", "half_plus_two_tf2"], [0, 1_000, 10_000_000] as [UInt64])
    func `a run within its deadline answers`(name: String, expectedNanoseconds: UInt64) throws {
        let model = try TestModels.load(name)
        let result = try model.answer(
            ["x": .floats([1])],
            deadline: .after(nanoseconds: 60_000_000_000, from: .now()),
            expectedNanoseconds: expectedNanoseconds
        )
        #expect(result["y"]?.scalars(as: Float.self) == [2.5])
    }

    @Test func `a deadline beyond any clock is one`() throws {
        let model = try TestModels.load("half_plus_two")
        let far = Deadline(MonotonicTime(nanoseconds: .max - 1))
        #expect(try model.answer(["x": .floats([1])], deadline: far)["y"]?.scalars(as: Float.self) == [2.5])
    }
}
