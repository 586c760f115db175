import EngineInterface
import Inference
import Servables
import ServingPrimitives
import ServingTestKit
import Tensors
import Testing

/// Texts of TensorFlow Serving (`predict_util.cc`, `server_core.cc`) and TensorFlow (`cc/saved_model/util.cc`).
@Suite struct PredictErrorTests {
    @Test func `a call without a model name`() async throws {
        let bench = await ServiceBench()
        let call = PredictCall(model: ModelSelector(name: ""), inputs: [])
        #expect(await bench.failure(call) == .invalidArgument("ModelSpec has no name specified."))
    }

    @Test(
        arguments: [
            ("n", .latest, .notFound("Servable not found for request: Latest(n)")),
            ("m", .specific(0), .notFound("Servable not found for request: Specific(m, 0)")),
            ("m", .label("canary"), .invalidArgument("Unrecognized servable version label: canary")),
            ("n", .label("canary"), .invalidArgument("Unrecognized servable version label: canary")),
        ] as [(String, VersionChoice, ServingError)]
    )
    func `a call of a model or version that is not there`(
        name: String,
        version: VersionChoice,
        error: ServingError
    ) async {
        let bench = await ServiceBench()
        let call = PredictCall(model: ModelSelector(name: name, version: version), inputs: [])
        #expect(await bench.failure(call) == error)
    }

    @Test(arguments: [
        ("other", "Serving signature key \"other\" not found."),
        ("Serving_default", "Serving signature key \"Serving_default\" not found."),
    ])
    func `a call of a signature that is not there`(name: String, text: String) async throws {
        let bench = await ServiceBench()
        #expect(await bench.failure(try call(signature: name)) == .failedPrecondition(text))
    }

    @Test func `a model without the default signature`() async throws {
        let bench = await ServiceBench(FakeModel(signatures: []) { _ in [] })
        let error = ServingError.failedPrecondition("Serving signature key \"serving_default\" not found.")
        #expect(await bench.failure(try call()) == error)
    }

    struct InputCase: Sendable {
        var inputs: [String]
        var defaults: [String] = []
        var sent: [String]
        var text: String
    }

    @Test(arguments: [
        InputCase(
            inputs: ["a"],
            sent: ["b", "a"],
            text: "input size does not match signature: 2!=1 len({a,b}) != len({a}). Sent extra: {b}. "
                + "Missing but required: {}."
        ),
        InputCase(
            inputs: ["b", "a"],
            sent: [],
            text: "input size does not match signature: 0!=2 len({}) != len({a,b}). Sent extra: {}. "
                + "Missing but required: {a,b}."
        ),
        InputCase(
            inputs: ["a", "b"],
            sent: ["c"],
            text: "input size does not match signature: 1!=2 len({c}) != len({a,b}). Sent extra: {c}. "
                + "Missing but required: {a,b}."
        ),
        InputCase(
            inputs: ["a"],
            defaults: ["d"],
            sent: ["x", "y", "z"],
            text: "input size does not match signature: 3!=2 len({x,y,z}) != len({a,d}). Sent extra: {x,y,z}. "
                + "Missing but required: {a,d}."
        ),
        InputCase(
            inputs: ["a"],
            sent: ["b"],
            text: "Signature input alias: a(feed name: a:0) not found in request and no default value provided. "
                + "Inputs expected to be in the request {b}, or default input alias set: "
        ),
        InputCase(
            inputs: ["a", "b"],
            defaults: ["d", "c"],
            sent: ["b", "c"],
            text: "Signature input alias: a(feed name: a:0) not found in request and no default value provided. "
                + "Inputs expected to be in the request {b,c}, or default input alias set: c,d"
        ),
        InputCase(
            inputs: ["a"],
            defaults: ["d"],
            sent: ["a", "z"],
            text: "Inputs contains invalid name. Used request inputs: a, request input: a,z"
        ),
    ])
    func `inputs that are not the signature's`(_ example: InputCase) async throws {
        let bench = await ServiceBench(
            try model(inputs: example.inputs, defaults: example.defaults, outputs: ["y"])
        )
        #expect(await bench.failure(try call(example.sent)) == .invalidArgument(example.text))
    }

    @Test(arguments: [
        (["w"], "output tensor alias not found in signature: w Outputs expected to be in the set {y,z}."),
        (["z", ""], "output tensor alias not found in signature:  Outputs expected to be in the set {y,z}."),
        (["z", "y", "z"], "duplicate output tensor alias: z"),
        (["z", "z", "w"], "duplicate output tensor alias: z"),
    ])
    func `an output filter that is not the signature's`(filter: [String], text: String) async throws {
        let bench = await ServiceBench(try model(inputs: ["x"], outputs: ["z", "y"]))
        #expect(await bench.failure(try call(outputs: filter)) == .invalidArgument(text))
    }

    @Test func `inputs are looked at before the output filter`() async throws {
        let bench = await ServiceBench(try model(inputs: ["x"], outputs: ["y"]))
        let error = try #require(await bench.failure(try call(["q"], outputs: ["none"])))
        #expect(error.message.hasPrefix("Signature input alias: x"))
    }

    @Test func `an error of the engine keeps its code and text`() async throws {
        let bench = await ServiceBench()
        let tensor = try Tensor(.float64, .vector(1), scalars: [1.0])
        let call = PredictCall(model: ModelSelector(name: "m"), inputs: [NamedTensor(name: "x", tensor: tensor)])
        #expect(
            await bench.failure(call) == .invalidArgument("Expects arg[0] to be float but double is provided")
        )
    }

    @Test(arguments: [0, 2])
    func `an engine that gives another number of outputs`(count: Int) async throws {
        let signatures = FakeModel.halfPlusTwo().signatures
        let bench = await ServiceBench(
            FakeModel(signatures: signatures) { request in Array(repeating: request.inputs[0], count: count) }
        )
        #expect(await bench.failure(try call()) == ServingError(.unknown, "Predict internal error"))
    }
}
