import Inference
import NIOCore
import ServingPrimitives
import Tensors
import Testing

@testable import FrontendREST

/// TensorFlow Serving's layout, byte for byte.
@Suite struct ExampleResponseWriterTests {
    private func text(_ write: (inout ByteBuffer) throws -> Void) rethrows -> String {
        var buffer = ByteBuffer()
        try write(&buffer)
        return String(buffer: buffer)
    }

    @Test func `classes of an example are on one line, the end of the list is not`() throws {
        let answer = Classifications(
            exampleCount: 2,
            classCount: 2,
            labels: try Tensor(TensorShape([2, 2]), strings: ["car", "bike", #"a "b" \"#, ""].map { Array($0.utf8) }),
            scores: try Tensor(.float32, TensorShape([2, 2]), scalars: [0.2, 0.7, 1, .nan] as [Float])
        )
        #expect(
            try text { try ExampleResponseWriter.write(answer, to: &$0) } == #"""
                {
                    "results": [[["car", 0.2], ["bike", 0.7]], [["a \"b\" \\", 1.0], ["", NaN]]
                    ]
                }
                """#
        )
    }

    @Test func `no label is empty, no score 0, no class an empty list`() throws {
        let scores = try Tensor(.float32, TensorShape([1, 1]), scalars: [3 as Float])
        let unlabelled = Classifications(exampleCount: 1, classCount: 1, labels: nil, scores: scores)
        #expect(
            try text { try ExampleResponseWriter.write(unlabelled, to: &$0) }
                == "{\n    \"results\": [[[\"\", 3.0]]\n    ]\n}"
        )
        let labels = try Tensor(TensorShape([1, 1]), strings: [[0xff]])
        let unscored = Classifications(exampleCount: 1, classCount: 1, labels: labels, scores: nil)
        var buffer = ByteBuffer()
        try ExampleResponseWriter.write(unscored, to: &buffer)
        #expect(
            Array(buffer.readableBytesView)
                == Array("{\n    \"results\": [[[\"".utf8) + [0xff] + Array("\", 0.0]]\n    ]\n}".utf8)
        )
        let none = Classifications(
            exampleCount: 2,
            classCount: 0,
            labels: nil,
            scores: try Tensor(.float32, TensorShape([2, 0]), scalars: [] as [Float])
        )
        #expect(
            try text { try ExampleResponseWriter.write(none, to: &$0) } == "{\n    \"results\": [[], []\n    ]\n}"
        )
    }

    @Test func `values are on one line with the end of their list`() throws {
        let values = try Tensor(.float32, .vector(3), scalars: [2.5, -0.0, 1e7] as [Float])
        #expect(
            try text { try ExampleResponseWriter.write(Regressions(exampleCount: 3, values: values), to: &$0) }
                == "{\n    \"results\": [2.5, -0.0, 1e+07]\n}"
        )
    }

    @Test func `an answer without examples cannot be written`() throws {
        let nothing = try Tensor(.float32, TensorShape([0, 1]), scalars: [] as [Float])
        var buffer = ByteBuffer(string: "kept")
        #expect(throws: ServingError.invalidArgument("Cannot convert empty ClassificationResults to JSON")) {
            let answer = Classifications(exampleCount: 0, classCount: 1, labels: nil, scores: nothing)
            try ExampleResponseWriter.write(answer, to: &buffer)
        }
        #expect(throws: ServingError.invalidArgument("Cannot convert empty RegressionResults to JSON")) {
            try ExampleResponseWriter.write(Regressions(exampleCount: 0, values: nothing), to: &buffer)
        }
        #expect(String(buffer: buffer) == "kept")
    }
}
