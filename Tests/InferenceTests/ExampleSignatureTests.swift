import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import Inference

/// Rules and texts of TensorFlow Serving's `classifier.cc` and `regressor.cc`.
@Suite struct ExampleSignatureTests {
    struct Case: Sendable {
        var inputs = ["inputs"]
        var outputs: [String]
        var method = MethodName.predict
        var checks = false
        var text: String?
    }

    private static func signature(_ test: Case) -> Signature {
        func parameter(_ name: String) -> Signature.Parameter {
            Signature.Parameter(name: name, elementType: .float32, shape: [-1, 1], tensorName: "\(name):0")
        }
        return Signature(
            name: "s",
            methodName: test.method,
            inputs: test.inputs.map(parameter),
            outputs: test.outputs.map(parameter)
        )
    }

    @Test(arguments: [
        Case(outputs: ["classes"]),
        Case(outputs: ["scores"]),
        Case(outputs: ["scores", "classes"]),
        Case(outputs: ["scores", "other"]),
        Case(outputs: ["classes"], method: MethodName.classify, checks: true),
        Case(
            outputs: ["classes"],
            checks: true,
            text: "Expected classification signature method_name to be tensorflow/serving/classify. "
                + "Was: tensorflow/serving/predict"
        ),
        Case(inputs: ["inputs", "x"], outputs: ["classes"], text: "Expected one input Tensor."),
        Case(inputs: [], outputs: ["classes"], text: "Expected one input Tensor."),
        Case(outputs: [], text: "Expected one or two output Tensors, found 0"),
        Case(outputs: ["classes", "scores", "x"], text: "Expected one or two output Tensors, found 3"),
        Case(inputs: ["x"], outputs: ["scores"], text: "No classification inputs found in SignatureDef: inputs {"),
        Case(
            outputs: ["x"],
            text: "Expected classification signature outputs to contain at least one of \"classes\" or \"scores\". "
                + "Signature was: inputs {"
        ),
    ])
    func `which signatures classify`(test: Case) {
        expect(test) { signature throws(ServingError) in
            _ = try ClassificationSignature(signature, checksMethodName: test.checks)
        }
    }

    @Test(arguments: [
        Case(outputs: ["outputs"]),
        Case(outputs: ["outputs"], method: MethodName.regress, checks: true),
        Case(
            outputs: ["outputs"],
            method: "",
            checks: true,
            text: "Expected regression signature method_name to be tensorflow/serving/regress. Was: "
        ),
        Case(inputs: ["inputs", "x"], outputs: ["outputs"], text: "Expected one input Tensor."),
        Case(outputs: ["outputs", "x"], text: "Expected one output Tensor."),
        Case(outputs: [], text: "Expected one output Tensor."),
        Case(inputs: ["x"], outputs: ["outputs"], text: "No regression inputs found in SignatureDef: inputs {"),
        Case(outputs: ["y"], text: "No regression outputs found in SignatureDef: inputs {"),
    ])
    func `which signatures regress`(test: Case) {
        expect(test) { signature throws(ServingError) in
            _ = try RegressionSignature(signature, checksMethodName: test.checks)
        }
    }

    private func expect(_ test: Case, _ check: (Signature) throws(ServingError) -> Void) {
        do throws(ServingError) {
            try check(Self.signature(test))
            #expect(test.text == nil)
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(error.message.hasPrefix(test.text ?? "no error"), "\(error.message)")
        }
    }

    @Test func `a quoted signature reads like a message`() {
        let text = Self.signature(Case(outputs: [])).protobufText
        #expect(
            text == """
                inputs {
                  key: "inputs"
                  value {
                    name: "inputs:0"
                    dtype: DT_FLOAT
                    tensor_shape {
                      dim {
                        size: -1
                      }
                      dim {
                        size: 1
                      }
                    }
                  }
                }
                method_name: "tensorflow/serving/predict"

                """
        )
    }

    // MARK: Outputs

    private static func strings(_ shape: [Int]) -> Tensor {
        let shape = try! TensorShape(shape)
        return try! Tensor(shape, strings: (0..<shape.elementCount).map { Array("c\($0)".utf8) })
    }

    private static func floats(_ shape: [Int]) -> Tensor {
        let shape = try! TensorShape(shape)
        return try! Tensor(.float32, shape, scalars: (0..<shape.elementCount).map(Float.init))
    }

    private static func doubles(_ shape: [Int]) -> Tensor {
        let shape = try! TensorShape(shape)
        return try! Tensor(.float64, shape, scalars: (0..<shape.elementCount).map(Double.init))
    }

    @Test(
        arguments: [
            (["scores"], [floats([2])], "Expected Tensor shape: [batch_size num_classes] but got [2]"),
            (["classes"], [strings([2, 1, 1])], "Expected Tensor shape: [batch_size num_classes] but got [2,1,1]"),
            (["classes"], [floats([2, 1])], "Expected classes Tensor of DT_STRING. Got: DT_FLOAT"),
            (["scores"], [doubles([2, 1])], "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
            (["scores"], [floats([3, 1])], "Expected scores output batch size of 2. Got: 3"),
            (["classes"], [strings([1, 1])], "Expected classes output batch size of 2. Got: 1"),
            (
                ["classes", "scores"], [strings([2, 3]), floats([2, 2])],
                "Tensors class and score should match in dim_size(1). Got 3 vs. 2"
            ),
            (
                ["classes", "scores"], [strings([2, 3]), doubles([2, 3])],
                "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"
            ),
        ] as [([String], [Tensor], String)]
    )
    func `outputs that are no classes of two examples`(outputs: [String], tensors: [Tensor], text: String) throws {
        let signature = try ClassificationSignature(Self.signature(Case(outputs: outputs)), checksMethodName: false)
        #expect(throws: ServingError.invalidArgument(text)) { try signature.answer(tensors[...], exampleCount: 2) }
    }

    @Test func `classes keep the order of the columns`() throws {
        let both = try ClassificationSignature(
            Self.signature(Case(outputs: ["scores", "classes"])),
            checksMethodName: false
        )
        // Outputs are sorted by name: classes 0, scores 1.
        #expect(both.outputs == [0, 1])
        let answer = try both.answer([Self.strings([2, 2]), Self.floats([2, 2])], exampleCount: 2)
        #expect(Self.read(answer) == [["c0 0.0", "c1 1.0"], ["c2 2.0", "c3 3.0"]])
    }

    @Test func `what a signature does not give is empty or 0`() throws {
        let scores = try ClassificationSignature(Self.signature(Case(outputs: ["scores"])), checksMethodName: false)
        #expect(Self.read(try scores.answer([Self.floats([1, 2])], exampleCount: 1)) == [[" 0.0", " 1.0"]])
        let classes = try ClassificationSignature(
            Self.signature(Case(outputs: ["a", "classes"])),
            checksMethodName: false
        )
        #expect(classes.outputs == [1])
        #expect(Self.read(try classes.answer([Self.strings([2, 1])], exampleCount: 2)) == [["c0 0.0"], ["c1 0.0"]])
        #expect(Self.read(try classes.answer([Self.strings([2, 0])], exampleCount: 2)) == [[], []])
    }

    private static func read(_ answer: Classifications) -> [[String]] {
        (0..<answer.exampleCount).map { example in
            var classes: [String] = []
            answer.forEachClass(ofExample: example) { label, score in
                classes.append("\(String(decoding: label.bytes, as: UTF8.self)) \(score)")
            }
            return classes
        }
    }

    @Test(
        arguments: [
            (
                floats([2, 2]),
                "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]"
            ),
            (floats([]), "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got []"),
            (floats([3]), "Input batch size did not match output batch size: 2 vs. 3"),
            (doubles([2]), "Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE"),
            (strings([2, 1]), "Expected output Tensor of DT_FLOAT.  Got: DT_STRING"),
        ] as [(Tensor, String)]
    )
    func `outputs that are no values of two examples`(tensor: Tensor, text: String) throws {
        let signature = try RegressionSignature(Self.signature(Case(outputs: ["outputs"])), checksMethodName: false)
        #expect(throws: ServingError.invalidArgument(text)) { try signature.answer([tensor], exampleCount: 2) }
    }

    @Test(arguments: [[2], [2, 1]])
    func `values come as a vector or as a column`(shape: [Int]) throws {
        let signature = try RegressionSignature(Self.signature(Case(outputs: ["outputs"])), checksMethodName: false)
        var values: [Float] = []
        try signature.answer([Self.floats(shape)], exampleCount: 2).forEachValue { values.append($0) }
        #expect(values == [0, 1])
    }
}
