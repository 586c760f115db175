import EngineInterface
import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@testable import Inference

@Suite struct ExampleCallTests {
    private static func parameter(_ name: String, _ type: ElementType = .float32) -> Signature.Parameter {
        Signature.Parameter(name: name, elementType: type, shape: [-1, 1], tensorName: "\(name):0")
    }

    /// Two classify and two regress signatures; a run gives the number of each example's bytes, plus the index of the
    /// signature, for whatever it is asked.
    private static func model(_ record: @escaping @Sendable (RunRequest) -> Void = { _ in }) -> FakeModel {
        let outputs: [(String, String, [String])] = [
            ("classify", MethodName.predict, ["scores"]),
            ("named", MethodName.classify, ["scores"]),
            ("regress", MethodName.regress, ["outputs"]),
            ("serving_default", MethodName.predict, ["outputs"]),
            ("two_inputs", "other", ["scores"]),
        ]
        return FakeModel(
            signatures: outputs.map { name, method, outputs in
                Signature(
                    name: name,
                    methodName: method,
                    inputs: [parameter("inputs", .int64)] + (name == "two_inputs" ? [parameter("b")] : []),
                    outputs: outputs.map { parameter($0) }
                )
            }
        ) { (request) throws(ServingError) -> [Tensor] in
            record(request)
            let sizes = request.inputs[0].stringValues().map { Float($0.count + 100 * request.signature) }
            do throws(TensorError) {
                let tensor = try Tensor(.float32, TensorShape([sizes.count, 1]), scalars: sizes)
                return request.outputs.map { _ in tensor }
            } catch {
                throw .internalError(error.message)
            }
        }
    }

    private static func examples(_ texts: [String]) -> Tensor {
        try! Tensor(.vector(texts.count), strings: texts.map { Array($0.utf8) })
    }

    private static func call(_ signature: String, _ texts: [String] = ["a", "bcd"], name: String = "m") -> ExampleCall {
        ExampleCall(model: ModelSelector(name: name, signatureName: signature), examples: examples(texts))
    }

    private static func scores(_ answer: Classifications) -> [Float] {
        answer.scores?.scalars(as: Float.self) ?? []
    }

    @Test func `the examples are fed to the only input whatever its type`() async throws {
        let fed = Mutex<RunRequest?>(nil)
        let bench = await ServiceBench(Self.model { request in fed.withLock { $0 = request } })
        let result = try await bench.classify(Self.call("classify")).get()
        #expect(Self.scores(result.answer) == [1, 3])
        #expect(result.servable == ServableID(name: "m", version: 3))
        #expect(result.signatureName == "classify")
        let request = try #require(fed.withLock { $0 })
        #expect(request.inputs.map { $0.stringValues() } == [[Array("a".utf8), Array("bcd".utf8)]])
    }

    @Test func `without a name it is the default signature that is spelled out`() async throws {
        let bench = await ServiceBench(Self.model())
        let result = try await bench.regress(Self.call("")).get()
        #expect(result.signatureName == "serving_default")
        #expect(result.answer.values.scalars(as: Float.self) == [301, 303])
    }

    @Test(
        arguments: [
            (call("nothing"), .invalidArgument("No signature was found with the name: nothing")),
            (call("classify", name: ""), .invalidArgument("ModelSpec has no name specified.")),
            (call("classify", name: "n"), .notFound("Servable not found for request: Latest(n)")),
            (call("classify", []), .invalidArgument("Input is empty.")),
            // The signature is looked at before the input.
            (call("two_inputs", []), .invalidArgument("Expected one input Tensor.")),
        ] as [(ExampleCall, ServingError)]
    )
    func `calls that cannot be carried out`(call: ExampleCall, error: ServingError) async {
        let bench = await ServiceBench(Self.model())
        #expect(await bench.classify(call).failure == error)
        var regression = call
        if call.model.signatureName == "classify" { regression.model.signatureName = "regress" }
        #expect(await bench.regress(regression).failure == error)
    }

    @Test func `method names count only when they are checked`() async throws {
        let bench = await ServiceBench(Self.model(), checksMethodNames: true)
        #expect(await bench.classify(Self.call("named")).failure == nil)
        #expect(await bench.regress(Self.call("regress")).failure == nil)
        #expect(
            await bench.classify(Self.call("classify")).failure
                == .invalidArgument(
                    "Expected classification signature method_name to be tensorflow/serving/classify. "
                        + "Was: tensorflow/serving/predict"
                )
        )
        #expect(
            await bench.regress(Self.call("named")).failure
                == .invalidArgument(
                    "Expected regression signature method_name to be tensorflow/serving/regress. "
                        + "Was: tensorflow/serving/classify"
                )
        )
        let inputs = [NamedTensor(name: "inputs", tensor: Self.examples(["a"]))]
        for signature in ["classify", "named", "regress"] {
            let call = PredictCall(model: ModelSelector(name: "m", signatureName: signature), inputs: inputs)
            #expect(await bench.failure(call) == nil)
        }
        let other = PredictCall(model: ModelSelector(name: "m", signatureName: "two_inputs"), inputs: inputs)
        #expect(
            await bench.failure(other)
                == .internalError(
                    "Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
                        + "tensorflow/serving/classify, tensorflow/serving/regress}. Was: other"
                )
        )
    }

    @Test func `a late call is not run`() async throws {
        let bench = await ServiceBench(Self.model { _ in Issue.record("a call was run that nobody waits for") })
        var late = Self.call("regress")
        late.terms.deadline = .after(nanoseconds: 0, from: .now())
        #expect(await bench.regress(late).failure == .deadlineExceeded("Timed out waiting for notification"))
    }

    // MARK: MultiInference

    private static func task(
        _ signature: String,
        _ method: String = MethodName.classify,
        name: String = "m",
        version: VersionChoice = .latest
    ) -> MultiInferenceCall.Task {
        .init(model: ModelSelector(name: name, version: version, signatureName: signature), methodName: method)
    }

    private static func multi(
        _ tasks: [MultiInferenceCall.Task],
        _ texts: [String] = ["a", "bcd"]
    ) -> MultiInferenceCall {
        MultiInferenceCall(tasks: tasks, examples: examples(texts))
    }

    @Test func `all tasks run over the same examples and answer in their order`() async throws {
        let bench = await ServiceBench(Self.model())
        let tasks = [
            Self.task("regress", MethodName.regress), Self.task("named"), Self.task("", MethodName.regress),
        ]
        let result = try await bench.multiInference(Self.multi(tasks)).get()
        #expect(result.servable == ServableID(name: "m", version: 3))
        #expect(result.results.map(\.signatureName) == ["regress", "named", "serving_default"])
        let values = result.results.map { task in
            switch task.answer {
            case .classifications(let answer): Self.scores(answer)
            case .regressions(let answer): answer.values.scalars(as: Float.self)
            }
        }
        #expect(values == [[201, 203], [101, 103], [301, 303]])
    }

    @Test func `one task is an ordinary run`() async throws {
        let bench = await ServiceBench(Self.model())
        let result = try await bench.multiInference(Self.multi([Self.task("classify")])).get()
        #expect(result.results.count == 1)
    }

    @Test func `versions of later tasks are ignored`() async throws {
        let bench = await ServiceBench(Self.model())
        let tasks = [Self.task("classify"), Self.task("named", version: .specific(99))]
        #expect(await bench.multiInference(Self.multi(tasks)).failure == nil)
        #expect(
            await bench.multiInference(Self.multi(tasks.reversed())).failure
                == .notFound("Servable not found for request: Specific(m, 99)")
        )
    }

    @Test(
        arguments: [
            (multi([]), .invalidArgument("ModelSpec has no name specified.")),
            (multi([task("classify", name: "")]), .invalidArgument("ModelSpec has no name specified.")),
            (
                multi([task("classify"), task("named", name: "")]),
                .invalidArgument("Found ModelSpec with an empty model name.")
            ),
            (
                multi([task("classify"), task("named", name: "n")]),
                .invalidArgument("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
            ),
            (
                multi([task("classify"), task("classify", MethodName.regress)]),
                .invalidArgument("Duplicate evaluation of signature: classify")
            ),
            (
                multi([task(""), task("serving_default")]),
                .invalidArgument("Expected classification signature outputs to contain at least one of")
            ),
            (
                multi([task("", MethodName.regress), task("serving_default", MethodName.regress)]),
                .invalidArgument("Duplicate evaluation of signature: serving_default")
            ),
            (
                multi([task("nothing")]),
                .invalidArgument("Requested signature not found in model graph: nothing")
            ),
            (
                multi([task("classify", MethodName.predict)]),
                ServingError(.unimplemented, "Unsupported signature method_name: tensorflow/serving/predict")
            ),
            (multi([task("two_inputs")]), .invalidArgument("Expected one input Tensor.")),
            (multi([task("classify")], []), .invalidArgument("Input is empty.")),
            (
                multi([task("classify"), task("regress", MethodName.regress), task("named", MethodName.regress)]),
                .invalidArgument("No regression outputs found in SignatureDef: ")
            ),
        ] as [(MultiInferenceCall, ServingError)]
    )
    func `tasks that cannot be run`(call: MultiInferenceCall, error: ServingError) async throws {
        let bench = await ServiceBench(Self.model())
        let failure = try #require(await bench.multiInference(call).failure)
        #expect(failure.code == error.code)
        #expect(failure.message.hasPrefix(error.message), "\(failure)")
    }

    @Test func `method names are checked in tasks, too`() async {
        let bench = await ServiceBench(Self.model(), checksMethodNames: true)
        let failure = await bench.multiInference(Self.multi([Self.task("classify")])).failure
        #expect(failure?.message.hasPrefix("Expected classification signature method_name to be") == true)
    }
}

extension ServiceBench {
    func classify(_ call: ExampleCall) async -> Result<ClassifyResult, ServingError> {
        await withCheckedContinuation { continuation in
            service.classify(call) { continuation.resume(returning: $0) }
        }
    }

    func regress(_ call: ExampleCall) async -> Result<RegressResult, ServingError> {
        await withCheckedContinuation { continuation in
            service.regress(call) { continuation.resume(returning: $0) }
        }
    }

    func multiInference(_ call: MultiInferenceCall) async -> Result<MultiInferenceResult, ServingError> {
        await withCheckedContinuation { continuation in
            service.multiInference(call) { continuation.resume(returning: $0) }
        }
    }
}

extension Result {
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
