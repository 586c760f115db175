import EngineInterface
import Inference
import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@Suite struct InferenceServiceTests {
    @Test(arguments: ["", "serving_default"])
    func `an answer says which version and signature gave it`(signature: String) async throws {
        let bench = await ServiceBench()
        let result = try await bench.predict(try call(signature: signature)).get()
        #expect(result.servable == ServableID(name: "m", version: 3))
        #expect(result.signatureName == "serving_default")
        #expect(result.outputs.map(\.name) == ["y"])
        #expect(result.outputs[0].tensor.scalars(as: Float.self) == [3])
    }

    @Test func `a label finds its version`() async throws {
        let bench = await ServiceBench()
        bench.manager.replaceLabels(["m": ["stable": 3]])
        let result = try await bench.predict(try call(version: .label("stable"))).get()
        #expect(result.servable.version == 3)
    }

    @Test(
        arguments: [
            ([], ["y", "z"]), (["z"], ["z"]), (["z", "y"], ["z", "y"]), (["y", "z"], ["y", "z"]),
        ] as [([String], [String])]
    )
    func `outputs come in the order of the filter, or all sorted by name`(
        filter: [String],
        names: [String]
    ) async throws {
        let bench = await ServiceBench(try model(inputs: ["x"], outputs: ["z", "y"]))
        let result = try await bench.predict(try call(outputs: filter)).get()
        #expect(result.outputs.map(\.name) == names)
    }

    @Test func `inputs reach the model in the signature's order, defaults filled in`() async throws {
        let bench = await ServiceBench(try model(inputs: ["x"], defaults: ["a"], outputs: ["y"]))
        let first = try await bench.predict(try call(["x"])).get()
        #expect(first.outputs[0].tensor.scalars(as: Float.self) == [5])
        let both = try await bench.predict(try call(["x", "a"])).get()
        #expect(both.outputs[0].tensor.scalars(as: Float.self) == [2])
    }

    @Test func `a signature without inputs is called without inputs`() async throws {
        let bench = await ServiceBench(try model(inputs: [], outputs: ["y"]))
        let result = try await bench.predict(try call([])).get()
        #expect(result.outputs[0].tensor.scalars(as: Float.self) == [7])
    }

    @Test func `of an input sent twice the last one counts, as in a protobuf map`() async throws {
        let bench = await ServiceBench()
        var repeated = try call()
        repeated.inputs = [try floats("x", [100]), try floats("x", [4])]
        let result = try await bench.predict(repeated).get()
        #expect(result.outputs[0].tensor.scalars(as: Float.self) == [4])
    }

    @Test func `shapes are the model's affair`() async throws {
        let bench = await ServiceBench()
        let matrix = try Tensor(.float32, TensorShape([1, 2]), scalars: [2, 4] as [Float])
        var call = try call()
        call.inputs = [NamedTensor(name: "x", tensor: matrix)]
        let result = try await bench.predict(call).get()
        #expect(result.outputs[0].tensor.shape.dimensions == [1, 2])
    }

    @Test func `metadata names the version and its signatures`() async throws {
        let bench = await ServiceBench()
        let metadata = try bench.service.metadata(ModelSelector(name: "m"))
        #expect(metadata.servable == ServableID(name: "m", version: 3))
        #expect(metadata.signatures.map(\.name) == ["serving_default"])
        #expect(throws: ServingError.notFound("Servable not found for request: Specific(m, 4)")) {
            try bench.service.metadata(ModelSelector(name: "m", version: .specific(4)))
        }
    }

    @Test func `a resolved model gives its signatures`() async throws {
        let bench = await ServiceBench()
        let model = try bench.service.resolve(ModelSelector(name: "m"))
        #expect(model.signature(named: "")?.name == "serving_default")
        #expect(model.signature(named: "other") == nil)
    }

    @Test func `status tells every version, newest first, or the one asked for`() async throws {
        let bench = await ServiceBench()
        bench.aspire(4)
        await bench.recorder.wait(for: 3, .end)
        let three = VersionStatus(version: 3, state: .end)
        let four = VersionStatus(version: 4, state: .available)
        #expect(try bench.service.status(of: "m") == [four, three])
        #expect(try bench.service.status(of: "m", version: 3) == [three])
        #expect(throws: ServingError.notFound("Could not find version 5 of model m")) {
            try bench.service.status(of: "m", version: 5)
        }
        for name in ["none", ""] {
            #expect(throws: ServingError.notFound("Could not find any versions of model \(name)")) {
                try bench.service.status(of: name)
            }
        }
    }

    @Test func `a servable that is no model is refused`() async throws {
        let loaders = PuppetLoaders()
        let manager = ServableManager(loaders: loaders)
        let recorder = StateRecorder(manager)
        let version = AspiredVersion(id: ServableID(name: "m", version: 1), path: "")
        manager.aspire(AspiredVersions(model: "m", versions: [version]))
        try await loaders.nextLoad().succeed()
        await recorder.wait(for: 1, .available)
        let service = InferenceService(manager: manager)
        #expect(throws: ServingError.internalError("{name: m version: 1} is not a model that can be run")) {
            try service.resolve(ModelSelector(name: "m"))
        }
    }
}
