import EngineInterface
import ModelSignatures
import Tensors
import Testing

@testable import EngineTensorFlow

@Suite struct SignatureTests {
    @Test func `signatures say what the model's file says`() throws {
        let model = try TestModels.load("half_plus_two")
        #expect(
            model.signatures.map(\.name)
                == [
                    "asset", "classify_x2_to_y3", "classify_x_to_y", "regress_x2_to_y3", "regress_x_to_y",
                    "regress_x_to_y2", "serving_default",
                ]
        )
        let predict = model.signatures[try model.index(of: "serving_default")]
        #expect(predict.methodName == "tensorflow/serving/predict")
        #expect(predict.inputs.map(\.name) == ["x"])
        #expect(predict.inputs[0].elementType == .float32)
        #expect(predict.inputs[0].shape == [-1, 1])
        #expect(predict.inputs[0].tensorName == "x:0")
        #expect(predict.outputs[0].tensorName == "y:0")
        let regress = model.signatures[try model.index(of: "regress_x_to_y")]
        #expect(regress.methodName == "tensorflow/serving/regress")
        #expect(regress.inputs[0].elementType == .string)
        #expect(regress.inputs[0].shape == [-1])
    }

    @Test func `parameters are in the order of their names`() throws {
        let model = try TestModels.load("multi_signature")
        let arithmetic = model.signatures[try model.index(of: "serving_default")]
        #expect(arithmetic.inputs.map(\.name) == ["a", "b"])
        #expect(arithmetic.outputs.map(\.name) == ["difference", "product", "sum"])
    }

    @Test func `an unknown rank is no shape, a scalar is an empty one`() throws {
        let echo = try TestModels.load("all_types")
        #expect(echo.signatures[try echo.index(of: "float32")].inputs[0].shape == nil)
        let model = try TestModels.load("multi_signature")
        #expect(model.signatures[try model.index(of: "zeros")].inputs[0].shape == [])
    }

    @Test func `the initialisation signature is listed`() throws {
        let model = try TestModels.load("half_plus_two_tf2")
        let signature = model.signatures[try model.index(of: "__saved_model_init_op")]
        #expect(signature.inputs.isEmpty)
        #expect(signature.outputs.count == 1)
        #expect(signature.outputs[0].elementType == nil)
    }

    @Test func `the definition is the message of the file`() throws {
        let model = try TestModels.load("half_plus_two")
        let signature = model.signatures[try model.index(of: "serving_default")]
        try signature.definition.withUnsafeBytes { bytes in
            let again = try SignatureDefinition(bytes)
            #expect(again.methodName == signature.methodName)
            #expect(again.inputs.keys.sorted() == ["x"])
            #expect(again.outputs.keys.sorted() == ["y"])
        }
        // Its bytes are those in saved_model.pb: one entry of a map, so only this message has its order to keep.
        let file = try ModelCopy(of: "half_plus_two").read("saved_model.pb")
        #expect(file.contains(signature.definition))
    }

    @Test func `an absent input has the default of its signature`() throws {
        let model = try TestModels.load("multi_signature")
        let scale = model.signatures[try model.index(of: "scale")]
        let factor = try #require(scale.inputs.first { $0.name == "factor" })
        #expect(factor.defaultValue?.elementType == .float32)
        #expect(factor.defaultValue?.shape == .scalar)
        #expect(factor.defaultValue?.scalars(as: Float.self) == [10])
        #expect(scale.inputs.first { $0.name == "x" }?.defaultValue == nil)
        let result = try model.answer(["x": .floats([1, 2])], signature: "scale")
        #expect(result["scaled"]?.scalars(as: Float.self) == [10, 20])
        let given = try Tensor(.float32, .scalar, scalars: [3 as Float])
        let other = try model.answer(["x": .floats([1, 2]), "factor": given], signature: "scale")
        #expect(other["scaled"]?.scalars(as: Float.self) == [3, 6])
    }

    @Test func `defaults that are no tensors are errors`() throws {
        _ = try TestModels.load("half_plus_two")
        for bytes in [[8], [0xFF, 0xFF], [8, 1, 18, 4, 18, 2, 8, 3, 34, 1, 0], [8, 99]] as [[UInt8]] {
            #expect(throws: (any Error).self) { try DefaultValue.decode(bytes) }
        }
    }
}
