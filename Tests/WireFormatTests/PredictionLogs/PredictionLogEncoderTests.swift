import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing

@testable import WireFormat

/// Records are read with SwiftProtobuf, and with what reads them for a warm-up.
@Suite struct PredictionLogEncoderTests {
    private final class NoModel: Servable {}

    private static let lease = ServableLease(id: ServableID(name: "m", version: 3), servable: NoModel()) {}
    private static let metadata = PredictionLogEncoder.Metadata(
        samplingRate: 0.25,
        savedModelTags: ["serve", "gpu"],
        timestamp: 1_795_293_935
    )

    private static func encoded(_ call: LoggedCall) throws -> [UInt8] {
        let encoder = try PredictionLogEncoder(call, metadata)
        return [UInt8](unsafeUninitializedCapacity: encoder.byteCount) { buffer, count in
            encoder.write(into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: encoder.byteCount))
            count = encoder.byteCount
        }
    }

    private static func message(_ call: LoggedCall) throws -> Tensorflow_Serving_PredictionLog {
        try Tensorflow_Serving_PredictionLog(serializedBytes: try encoded(call))
    }

    private static func replayed(_ call: LoggedCall) throws -> WarmUpCall? {
        let message = ReceivedMessage(try encoded(call))
        return try PredictionLogDecoder.decode(UnsafeRawBufferPointer(message.bytes), owner: message)
    }

    private static func predict(_ version: VersionChoice, filter: [String] = []) throws -> LoggedCall {
        .predict(
            PredictCall(
                model: ModelSelector(name: "m", version: version, signatureName: "s"),
                inputs: [
                    NamedTensor(
                        name: "x",
                        tensor: try Tensor(.float32, TensorShape([2]), scalars: [1.5, -2] as [Float])
                    ),
                    NamedTensor(name: "t", tensor: try Tensor(TensorShape([2]), strings: [[], [0, 255]])),
                ],
                outputFilter: filter
            ),
            PredictResult(
                signatureName: "s",
                outputs: [
                    NamedTensor(name: "y", tensor: try Tensor(.int64, TensorShape([1]), scalars: [-7] as [Int64]))
                ],
                lease: lease
            )
        )
    }

    private static func examples() throws -> Tensor { try Tensor(TensorShape([2]), strings: [[10, 0], []]) }

    @Test func `a record says where it comes from`() throws {
        let metadata = try Self.message(try Self.predict(.latest)).logMetadata
        #expect(metadata.modelSpec.name == "m" && metadata.modelSpec.version.value == 3)
        #expect(metadata.modelSpec.signatureName == "s")
        #expect(metadata.samplingConfig.samplingRate == 0.25)
        #expect(metadata.savedModelTags == ["serve", "gpu"])
        #expect(metadata.timestampSecs == 1_795_293_935)
    }

    @Test(arguments: [.latest, .specific(0), .specific(-5), .label("canary")] as [VersionChoice])
    func `a Predict call is written as it was asked and answered`(version: VersionChoice) throws {
        let logged = try Self.predict(version, filter: ["y", "z"])
        let log = try Self.message(logged).predictLog
        #expect(log.request.inputs["x"]?.floatVal == [1.5, -2])
        #expect(log.request.outputFilter == ["y", "z"])
        #expect(log.response.outputs["y"]?.int64Val == [-7])
        #expect(log.response.modelSpec.version.value == 3)
        guard case .predict(let call) = try Self.replayed(logged) else { throw ServingError.internalError("other") }
        #expect(call.model == ModelSelector(name: "m", version: version, signatureName: "s"))
        #expect(call.inputs.map(\.name) == ["x", "t"])
        #expect(call.inputs[1].tensor.withStrings { $0.map { $0.count } } == [0, 2])
    }

    @Test func `examples are written as the model saw them`() throws {
        let call = ExampleCall(model: ModelSelector(name: "m"), examples: try Self.examples())
        let values = Regressions(
            exampleCount: 2,
            values: try Tensor(.float32, TensorShape([2]), scalars: [1, 0] as [Float])
        )
        let result = RegressResult(signatureName: "serving_default", answer: values, lease: Self.lease)
        let log = try Self.message(.regress(call, result)).regressLog
        #expect(log.request.modelSpec.name == "m" && log.request.modelSpec.versionChoice == nil)
        #expect(log.request.input.exampleList.examples.count == 2)
        #expect(log.response.result.regressions.map(\.value) == [1, 0])
        guard case .regress(let again) = try Self.replayed(.regress(call, result)) else {
            throw ServingError.internalError("other")
        }
        #expect(again.examples.withStrings { $0.map { Array($0.bytes) } } == [[10, 0], []])
    }

    @Test func `a Classify call is written as one`() throws {
        let call = ExampleCall(model: ModelSelector(name: "m"), examples: try Self.examples())
        let classes = Classifications(
            exampleCount: 2,
            classCount: 1,
            labels: nil,
            scores: try Tensor(.float32, TensorShape([2, 1]), scalars: [0.5, 1] as [Float])
        )
        let result = ClassifyResult(signatureName: "c", answer: classes, lease: Self.lease)
        let log = try Self.message(.classify(call, result)).classifyLog
        #expect(log.request.input.exampleList.examples.count == 2)
        #expect(log.response.result.classifications.map { $0.classes.map(\.score) } == [[0.5], [1]])
    }

    @Test func `all tasks of a MultiInference call are written`() throws {
        let tasks = [
            MultiInferenceCall.Task(
                model: ModelSelector(name: "m", signatureName: "a"),
                methodName: "tensorflow/serving/regress"
            )
        ]
        let call = MultiInferenceCall(tasks: tasks, examples: try Self.examples())
        let values = Regressions(
            exampleCount: 2,
            values: try Tensor(.float32, TensorShape([2]), scalars: [1, 2] as [Float])
        )
        let result = MultiInferenceResult(
            results: [.init(signatureName: "a", answer: .regressions(values))],
            lease: Self.lease
        )
        let message = try Self.message(.multiInference(call, result))
        let log = message.multiInferenceLog
        #expect(message.logMetadata.modelSpec.name == "m" && message.logMetadata.modelSpec.version.value == 3)
        #expect(log.request.tasks.map(\.methodName) == ["tensorflow/serving/regress"])
        #expect(log.request.tasks.map(\.modelSpec.signatureName) == ["a"])
        #expect(log.response.results.map { $0.regressionResult.regressions.map(\.value) } == [[1, 2]])
        guard case .multiInference(let again) = try Self.replayed(.multiInference(call, result)) else {
            throw ServingError.internalError("other")
        }
        #expect(again.tasks.map(\.model) == tasks.map(\.model))
    }
}
