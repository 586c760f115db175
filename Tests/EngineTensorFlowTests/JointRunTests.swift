import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors
import Testing

@Suite struct JointRunTests {
    private func part(_ model: any LoadedModel, _ name: String, _ inputs: [Tensor]) throws -> RunRequest {
        let index = try model.index(of: name)
        return RunRequest(
            signature: index,
            inputs: inputs,
            outputs: Array(model.signatures[index].outputs.indices)
        )
    }

    /// Both are fed through `x:0` of the graph, and the two outputs of one are the same tensor.
    @Test func `signatures over one tensor run together, outputs in the order of the parts`() throws {
        let model = try TestModels.load("unusual_signatures")
        let x = Tensor.floats([1, 2])
        let many = try part(model, "many", [x])
        let shared = try part(model, "shared", [x])
        for parts in [[many, shared], [shared, many]] {
            let together = try model.runJointly(parts).map { $0.scalars(as: Float.self) }
            let apart = try parts.flatMap { try model.run($0) }.map { $0.scalars(as: Float.self) }
            #expect(together == apart)
            #expect(together.count == many.outputs.count + shared.outputs.count)
        }
    }

    @Test func `signatures over different tensors are fed each its own`() throws {
        let model = try TestModels.load("multi_signature")
        let scale = try part(
            model,
            "scale",
            [Tensor.floats([2]), Tensor(.float32, .scalar, scalars: [3 as Float])].reversed()
        )
        let total = try part(model, "total", [Tensor.floats([1, 2, 3])])
        let tensors = try model.runJointly([total, scale])
        #expect(tensors[0].scalars(as: Int32.self) == [3])
        #expect(tensors[1].scalars(as: Float.self) == [6])
        #expect(tensors[2].scalars(as: Float.self) == [6])
    }

    /// More combinations than TensorFlow is asked to prepare: the rest run part by part.
    @Test func `any number of combinations gives the right answers`() throws {
        let model = try TestModels.load("unusual_signatures")
        let index = try model.index(of: "many")
        let shared = try part(model, "shared", [Tensor.floats([5])])
        for bits in 1..<64 {
            let outputs = (0..<8).filter { bits & 1 << $0 != 0 }
            let many = RunRequest(signature: index, inputs: [Tensor.floats([5])], outputs: outputs)
            let tensors = try model.runJointly([many, shared])
            #expect(tensors.map { $0.scalars(as: Float.self)[0] } == outputs.map { Float(5 + $0) } + [10, 10])
        }
    }

    @Test func `a part that cannot be run is refused`() throws {
        let model = try TestModels.load("multi_signature")
        let good = try part(model, "total", [Tensor.floats([1])])
        let bad = try part(model, "serving_default", [Tensor.floats([1])])
        #expect(throws: ServingError.self) { try model.runJointly([good, bad]) }
    }
}
