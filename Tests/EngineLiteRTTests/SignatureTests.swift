import EngineInterface
import ModelSignatures
import ServingPrimitives
import Tensors
import Testing

@testable import EngineLiteRT

@Suite struct SignatureTests {
    private func signatures(of model: String) throws -> [Signature] {
        let bytes = try TestModels.content(model)
        return try bytes.withUnsafeBytes { try TFLiteSignature.all(of: TFLiteFile($0)).map(\.signature) }
    }

    @Test func `a model without signatures gets one of all its tensors`() throws {
        let signatures = try signatures(of: "half_plus_two_tflite")
        #expect(signatures.map(\.name) == ["serving_default"])
        let signature = try #require(signatures.first)
        #expect(signature.methodName == "tensorflow/serving/predict")
        #expect(signature.inputs.map(\.name) == ["x"])
        #expect(signature.inputs.map(\.elementType) == [.float32])
        #expect(signature.inputs.map(\.shape) == [[1, 1]])
        #expect(signature.outputs.map(\.name) == ["y"])
        let definition = try signature.definition.withUnsafeBytes { try SignatureDefinition($0) }
        #expect(definition.methodName == "tensorflow/serving/predict")
        #expect(definition.inputs["x"]?.shape == [1, 1])
        #expect(definition.outputs["y"]?.type == 1)
        guard case .tensor("y") = definition.outputs["y"]?.encoding else {
            Issue.record("the output is \(String(describing: definition.outputs["y"]?.encoding))")
            return
        }
    }

    @Test func `signatures in the metadata are used, whether their names have an index or not`() throws {
        let signatures = try signatures(of: "half_plus_two_tflite_with_sigdef")
        #expect(signatures.map(\.name) == ["plain", "regress_x", "serving_default"])
        #expect(signatures.map { $0.inputs.map(\.name) } == [["x"], ["inputs"], ["value"]])
        #expect(signatures.map { $0.outputs.map(\.name) } == [["y"], ["outputs"], ["half_plus_two"]])
        #expect(
            signatures.map(\.methodName).map { $0.split(separator: "/").last } == ["predict", "regress", "predict"]
        )
        for signature in signatures {
            let definition = try signature.definition.withUnsafeBytes { try SignatureDefinition($0) }
            let encodings = (Array(definition.inputs.values) + Array(definition.outputs.values)).map(\.encoding)
            let names = encodings.map { if case .tensor(let name) = $0 { name } else { "" } }
            // As TensorFlow Serving shows them: the model's own.
            #expect(Set(names) == ["x", "y"])
        }
    }

    @Test func `each element type is declared as what it is`() throws {
        for input in try signatures(of: "tflite_types")[0].inputs {
            let expected = ["float32": "float", "float64": "double", "float16": "half"][input.name] ?? input.name
            #expect(input.elementType?.name == expected)
            #expect(input.shape == [1, 2])
        }
    }

    @Test(TestModels.needsLibrary) func `all signatures of a model run`() throws {
        let model = try TestModels.load("half_plus_two_tflite_with_sigdef")
        defer { model.close() }
        let x = try Tensor.floats([1, 2, 5], [3, 1])
        #expect(try model.answer(["value": x])["half_plus_two"]?.floats == [2.5, 3, 4.5])
        #expect(try model.answer(["x": x], signature: "plain")["y"]?.floats == [2.5, 3, 4.5])
        #expect(try model.answer(["inputs": x], signature: "regress_x")["outputs"]?.floats == [2.5, 3, 4.5])
    }
}
