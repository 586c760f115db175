import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors
import Testing

@Suite struct RunTests {
    @Test(arguments: ["half_plus_two", "half_plus_two_tf2"])
    func `computes what the model says`(name: String) throws {
        let model = try TestModels.load(name)
        let result = try model.answer(["x": .floats([1, 2, 5])])
        #expect(result["y"]?.scalars(as: Float.self) == [2.5, 3, 4.5])
        #expect(result["y"]?.shape == .vector(3))
    }
}
