import EngineInterface
import HTTP2Server
import Inference
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Tensors
import Testing

@testable import FrontendGRPC

/// Classify, Regress and MultiInference on a connection.
struct ExampleCallTests {
    private static let rules: [ModelQueues.Rules] = [.alone, .adaptive(pads: false)]

    /// Answers the size of each example, under `scores` and under `outputs`.
    private static func model(_ before: @escaping @Sendable () -> Void = {}) -> FakeModel {
        func parameter(_ name: String) -> Signature.Parameter {
            Signature.Parameter(name: name, elementType: .float32, shape: [-1, 1], tensorName: "\(name):0")
        }
        return FakeModel(
            signatures: ["scores", "outputs"].map {
                Signature(name: $0, methodName: "", inputs: [parameter("inputs")], outputs: [parameter($0)])
            }
        ) { (request) throws(ServingError) -> [Tensor] in
            before()
            let sizes = request.inputs[0].stringValues().map { Float($0.count) }
            do throws(TensorError) {
                return [try Tensor(.float32, TensorShape([sizes.count, 1]), scalars: sizes)]
            } catch {
                throw .internalError(error.message)
            }
        }
    }

    private static let input = Tensorflow_Serving_Input.with {
        $0.exampleList.examples = [
            .init(), .with { $0.features.feature["x"] = .with { $0.floatList.value = [1] } },
        ]
    }

    private static func spec(_ signature: String) -> Tensorflow_Serving_ModelSpec {
        .with {
            $0.name = "m"
            $0.signatureName = signature
        }
    }

    private static func classification(_ signature: String = "scores") throws -> [UInt8] {
        try Tensorflow_Serving_ClassificationRequest.with {
            $0.modelSpec = spec(signature)
            $0.input = input
        }.serializedBytes()
    }

    @Test(arguments: rules)
    func `answers come with the model's name, version and signature`(_ rules: ModelQueues.Rules) async throws {
        let serving = TestServing(["m": Self.model()], rules: rules)
        await serving.serve("m", 3)
        let sizes: [Float] = try Self.input.exampleList.examples.map { example in
            let bytes: [UInt8] = try example.serializedBytes()
            return Float(bytes.count)
        }
        try await withConnection(serving) { client in
            for _ in 0..<3 {
                let classified = await client.call(.classify, try Self.classification())
                #expect(classified.trailers == ["grpc-status": "0"])
                let classes = try Tensorflow_Serving_ClassificationResponse(serializedBytes: classified.message)
                #expect(classes.result.classifications.map { $0.classes.map(\.score) } == sizes.map { [$0] })
                #expect(classes.modelSpec.version.value == 3 && classes.modelSpec.signatureName == "scores")
                let regression =
                    try Tensorflow_Serving_RegressionRequest.with {
                        $0.modelSpec = Self.spec("outputs")
                        $0.input = Self.input
                    }.serializedBytes() as [UInt8]
                let regressed = await client.call(.regress, regression)
                let values = try Tensorflow_Serving_RegressionResponse(serializedBytes: regressed.message)
                #expect(values.result.regressions.map(\.value) == sizes)
                #expect(values.modelSpec.name == "m" && values.modelSpec.signatureName == "outputs")
            }
        }
    }

    @Test(arguments: rules)
    func `several tasks are answered in their order`(_ rules: ModelQueues.Rules) async throws {
        let serving = TestServing(["m": Self.model()], rules: rules)
        await serving.serve("m", 3)
        let request =
            try Tensorflow_Serving_MultiInferenceRequest.with {
                $0.tasks = [("outputs", "regress"), ("scores", "classify")].map { signature, method in
                    .with {
                        $0.modelSpec = Self.spec(signature)
                        $0.methodName = "tensorflow/serving/\(method)"
                    }
                }
                $0.input = Self.input
            }.serializedBytes() as [UInt8]
        try await withConnection(serving) { client in
            let response = await client.call(.multiInference, request)
            let results = try Tensorflow_Serving_MultiInferenceResponse(serializedBytes: response.message).results
            #expect(results.map(\.modelSpec.signatureName) == ["outputs", "scores"])
            #expect(results.first?.regressionResult.regressions.count == 2)
            #expect(results.last?.classificationResult.classifications.count == 2)
        }
    }

    @Test(arguments: [GRPCMethod.classify, .regress, .multiInference])
    func `refusals leave the connection as it was`(_ method: GRPCMethod) async throws {
        let serving = TestServing(["m": Self.model()])
        await serving.serve("m", 1)
        try await withConnection(serving) { client in
            let malformed = await client.call(method, [0x12, 0x02, 0x0a, 0x05])
            #expect(malformed.grpcStatus == CanonicalCode.invalidArgument.rawValue)
            let empty = await client.call(method, [])
            #expect(empty.grpcStatus == CanonicalCode.invalidArgument.rawValue)
            let good = try Self.classification()
            #expect(await client.call(.classify, good).grpcStatus == 0)
        }
    }

    @Test func `a deadline ends a call whose run goes on`() async throws {
        let gate = Gate()
        let serving = TestServing(["m": Self.model { gate.wait() }])
        await serving.serve("m", 1)
        try await withConnection(serving) { client in
            let response = await client.call(
                .classify,
                try Self.classification(),
                [HTTP2HeaderField("grpc-timeout", "50m")]
            )
            #expect(response.grpcStatus == CanonicalCode.deadlineExceeded.rawValue)
            gate.open()
            let second = try Self.classification()
            #expect(await client.call(.classify, second).grpcStatus == 0)
        }
    }
}
