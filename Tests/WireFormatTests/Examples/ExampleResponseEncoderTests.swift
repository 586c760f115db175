import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing

@testable import WireFormat

/// Answers are compared with what SwiftProtobuf writes, byte for byte.
@Suite struct ExampleResponseEncoderTests {
    private final class NoModel: Servable {}

    private static let lease = ServableLease(id: ServableID(name: "some_model", version: 3), servable: NoModel()) {}
    private static let spec = Tensorflow_Serving_ModelSpec(lease.id, signatureName: "s")
    private static let scores: [Float] = [0, -0.0, 1.5, .nan, -.infinity, .leastNonzeroMagnitude]
    private static let labels = ["", "a", String(repeating: "long", count: 100), "ü", "", "z"]

    private static func tensor(_ shape: [Int], _ values: [Float] = scores) throws -> Tensor {
        try Tensor(.float32, TensorShape(shape), scalars: values)
    }

    private static func classifications(labels hasLabels: Bool, scores hasScores: Bool) throws -> Classifications {
        Classifications(
            exampleCount: 3,
            classCount: 2,
            labels: hasLabels ? try Tensor(TensorShape([3, 2]), strings: labels.map { Array($0.utf8) }) : nil,
            scores: hasScores ? try tensor([3, 2]) : nil
        )
    }

    private static func message(
        labels hasLabels: Bool,
        scores hasScores: Bool
    ) -> Tensorflow_Serving_ClassificationResult {
        .with {
            $0.classifications = (0..<3).map { example in
                .with {
                    $0.classes = (0..<2).map { column in
                        .with {
                            if hasLabels { $0.label = labels[2 * example + column] }
                            if hasScores { $0.score = scores[2 * example + column] }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: [(true, true), (true, false), (false, true)])
    func `classes are written as protobuf writes them`(labels: Bool, scores: Bool) throws {
        let result = ClassifyResult(
            signatureName: "s",
            answer: try Self.classifications(labels: labels, scores: scores),
            lease: Self.lease
        )
        let expected = Tensorflow_Serving_ClassificationResponse.with {
            $0.result = Self.message(labels: labels, scores: scores)
            $0.modelSpec = Self.spec
        }
        let encoder = try ExampleResponseEncoder(result)
        #expect(bytes(encoder.byteCount, encoder.write) == (try expected.serializedBytes()))
    }

    @Test(arguments: [[0, 5], [2, 0]])
    func `no examples, or no classes`(shape: [Int]) throws {
        let answer = Classifications(
            exampleCount: shape[0],
            classCount: shape[1],
            labels: nil,
            scores: try Self.tensor(shape, [])
        )
        let encoder = try ExampleResponseEncoder(ClassifyResult(signatureName: "s", answer: answer, lease: Self.lease))
        let expected = Tensorflow_Serving_ClassificationResponse.with {
            $0.result.classifications = (0..<shape[0]).map { _ in .init() }
            $0.modelSpec = Self.spec
        }
        #expect(bytes(encoder.byteCount, encoder.write) == (try expected.serializedBytes()))
    }

    @Test func `labels that are no UTF-8 pass through`() throws {
        let labels = try Tensor(TensorShape([1, 1]), strings: [[0xff, 0x00]])
        let answer = Classifications(exampleCount: 1, classCount: 1, labels: labels, scores: nil)
        let encoder = try ExampleResponseEncoder(ClassifyResult(signatureName: "s", answer: answer, lease: Self.lease))
        let start: [UInt8] = [0x0a, 0x08, 0x0a, 0x06, 0x0a, 0x04, 0x0a, 0x02, 0xff, 0x00]
        #expect(Array(bytes(encoder.byteCount, encoder.write).prefix(10)) == start)
    }

    @Test(arguments: [[6], [6, 1]])
    func `values are written as protobuf writes them`(shape: [Int]) throws {
        let answer = Regressions(exampleCount: 6, values: try Self.tensor(shape))
        let encoder = try ExampleResponseEncoder(RegressResult(signatureName: "s", answer: answer, lease: Self.lease))
        let expected = Tensorflow_Serving_RegressionResponse.with {
            $0.result.regressions = Self.scores.map { value in .with { $0.value = value } }
            $0.modelSpec = Self.spec
        }
        #expect(bytes(encoder.byteCount, encoder.write) == (try expected.serializedBytes()))
    }

    @Test func `results of tasks are written as protobuf writes them`() throws {
        let result = MultiInferenceResult(
            results: [
                .init(
                    signatureName: "c",
                    answer: .classifications(try Self.classifications(labels: true, scores: true))
                ),
                .init(
                    signatureName: "r",
                    answer: .regressions(Regressions(exampleCount: 6, values: try Self.tensor([6])))
                ),
            ],
            lease: Self.lease
        )
        let expected = Tensorflow_Serving_MultiInferenceResponse.with {
            $0.results = [
                .with {
                    $0.modelSpec = Tensorflow_Serving_ModelSpec(Self.lease.id, signatureName: "c")
                    $0.classificationResult = Self.message(labels: true, scores: true)
                },
                .with {
                    $0.modelSpec = Tensorflow_Serving_ModelSpec(Self.lease.id, signatureName: "r")
                    $0.regressionResult.regressions = Self.scores.map { value in .with { $0.value = value } }
                },
            ]
        }
        let encoder = try MultiInferenceResponseEncoder(result)
        #expect(bytes(encoder.byteCount, encoder.write) == (try expected.serializedBytes()))
    }

    private func bytes(_ count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: count)
        bytes.withUnsafeMutableBytes { write($0) }
        return bytes
    }
}
