import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Models on virtual CPU devices, believed only when the trace of a run says so.
@Suite struct PlacedLoadTests {
    private let folder: ModelCopy
    private let engine: TensorFlowEngine

    init() throws {
        folder = try ModelCopy(of: nil)
        var options = TensorFlowOptions()
        options.temporaryFolder = folder.path
        engine = TensorFlowEngine(options: options)
    }

    /// The devices on which the operations of a run were, by the run's own trace.
    private func devices(_ model: any LoadedModel, _ request: RunRequest) throws -> Set<String> {
        let tracer = RunTracer()
        #expect(tracer.begin(maximumEvents: 100_000))
        var request = request
        request.trace = tracer.beginRun()
        _ = try model.run(request)
        // TensorFlow's own operations around a run are on the first CPU.
        let bookkeeping: Set = ["_Arg", "_Retval", "NoOp", "_Send", "_Recv"]
        let events = try #require(tracer.end()).events.map(\.event).filter { !bookkeeping.contains($0.operation) }
        #expect(!events.isEmpty)
        return Set(events.map(\.device).compactMap { DeviceName($0) }.map { "\($0)" })
    }

    /// A run of the signature that clients use, with zeros.
    private func request(_ model: any LoadedModel, _ name: String = "serving_default") throws -> RunRequest {
        let index = try model.index(of: name)
        let signature = model.signatures[index]
        let inputs = try signature.inputs.map { input in
            let sizes = input.shape?.map { $0 < 0 ? 1 : Int($0) } ?? [1]
            return try zeros(#require(input.elementType), sizes)
        }
        return RunRequest(signature: index, inputs: inputs, outputs: Array(signature.outputs.indices))
    }

    private func zeros(_ type: ElementType, _ sizes: [Int]) throws -> Tensor {
        let shape = try TensorShape(sizes)
        let count = sizes.reduce(1, *)
        switch type {
        case .float32: return try Tensor(.float32, shape, scalars: [Float](repeating: 0, count: count))
        case .int32: return try Tensor(.int32, shape, scalars: [Int32](repeating: 0, count: count))
        case .int64: return try Tensor(.int64, shape, scalars: [Int64](repeating: 0, count: count))
        default: throw ServingError(.unimplemented, "the test has no zeros of \(type)")
        }
    }

    @Test(
        arguments: ["half_plus_two", "half_plus_two_tf2", "perceptron", "loop", "text_classifier"],
        ["CPU:1", "CPU:3"]
    )
    func `every operation runs on the device, and the answers stay the same`(name: String, device: String) throws {
        let path = try TestModels.path(name)
        let placed = try engine.load(LoadRequest(path: path, device: DeviceName(device)))
        defer { placed.close() }
        let plain = try TensorFlowEngine().load(LoadRequest(path: path))
        defer { plain.close() }
        let request = try request(placed)
        #expect(try devices(placed, request) == [device])
        #expect(try placed.run(request).map(\.content) == plain.run(request).map(\.content))
    }

    @Test func `an asset is found as long as the model is there, and then nothing is left`() throws {
        let model = try TestModels.load("half_plus_two", engine, on: "CPU:1")
        #expect(fileNames(in: folder.path).count == 1)
        let answer = try model.answer([:], signature: "asset")
        #expect(answer["text"]?.content == Array("hello from half_plus_two\n".utf8))
        model.close()
        #expect(fileNames(in: folder.path).isEmpty)
    }

    @Test func `a load that fails leaves nothing, and its error names the version's own folder`() throws {
        let copy = try ModelCopy(of: "perceptron")
        try copy.remove("variables/variables.index")
        let error = try #require(throws: ServingError.self) {
            _ = try engine.load(LoadRequest(path: copy.path, device: DeviceName("CPU:1")))
        }
        #expect(!error.message.contains("apus-placed"))
        #expect(fileNames(in: folder.path).isEmpty)
    }

    @Test func `a graph in another format is refused with the reason`() throws {
        let error = try #require(throws: ServingError.self) {
            _ = try TestModels.load("half_plus_two_text", engine, on: "CPU:1")
        }
        #expect(error.code == .unimplemented)
        #expect(error.message.contains("its graph is in saved_model.pb"))
        #expect(fileNames(in: folder.path).isEmpty)
    }

    @Test func `bytes that are no graph are refused, with the file's name`() throws {
        let copy = try ModelCopy(of: nil)
        try copy.write([0x12, 0xFF], to: "saved_model.pb")
        let error = try #require(throws: ServingError.self) {
            _ = try engine.load(LoadRequest(path: copy.path, device: DeviceName("CPU:1")))
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.hasPrefix("\(copy.path)/saved_model.pb cannot be put on a device: it is no SavedModel"))
    }

    @Test func `what a server that crashed has left is removed, what one that lives needs is not`() throws {
        let model = try TestModels.load("half_plus_two", engine, on: "CPU:1")
        defer { model.close() }
        let mine = fileNames(in: folder.path)
        // As a crash leaves it: a lock that nobody holds, a shadow with links.
        try folder.write([], to: "apus-placed-crashd/lock")
        #expect(symlink("/etc", "\(folder.path)/apus-placed-crashd/link") == 0)
        try folder.write([], to: "apus-placed-nolock/something")
        engine.discardLeftovers()
        #expect(Set(fileNames(in: folder.path)) == Set(mine + ["apus-placed-nolock"]))
        #expect(access("/etc/passwd", F_OK) == 0)
        #expect(try model.answer(["x": .floats([2])])["y"]?.content.isEmpty == false)
    }

    @Test func `an accelerator that is not there is refused, not replaced by the CPU`() throws {
        let error = try #require(throws: ServingError.self) {
            _ = try TestModels.load("half_plus_two", engine, on: "GPU:7")
        }
        #expect(error.code == .failedPrecondition)
        #expect(error.message.hasPrefix("TensorFlow has no device GPU:7 here; it has CPU:0"))
    }

    @Test func `the engine tells its devices`() throws {
        let devices = try engine.devices()
        #expect(devices.filter(\.name.isCPU).map { "\($0.name)" } == ["CPU:0"])
        #expect(devices.filter(\.name.isCPU).allSatisfy { $0.memoryBytes == nil })
    }
}

@Suite struct ModelFootprintTests {
    @Test func `variables, graph and constants are told apart`() throws {
        let path = try TestModels.path("perceptron")
        let perceptron = try ModelFootprint(of: path)
        #expect(try perceptron.variableBytes == fileContents("\(path)/variables/variables.data-00000-of-00001").count)
        #expect(try perceptron.graphBytes + perceptron.constantBytes == fileContents("\(path)/saved_model.pb").count)
        #expect(perceptron.graphBytes > 0 && perceptron.constantBytes > 0)
        #expect(
            perceptron.bytes == perceptron.variableBytes + 20 * perceptron.graphBytes + 5 * perceptron.constantBytes
        )
        let big = try ModelFootprint(of: TestModels.path("big_variables"))
        #expect(big.variableBytes > 100_000_000)
        #expect(big.bytes < big.variableBytes * 11 / 10)
    }

    @Test func `a folder without a model has no size`() throws {
        let folder = try ModelCopy(of: nil)
        #expect(throws: ServingError.self) { try ModelFootprint(of: folder.path) }
        try folder.write([0x12, 0xFF], to: "saved_model.pb")
        #expect(throws: ServingError.invalidArgument("\(folder.path)/saved_model.pb is no SavedModel")) {
            try ModelFootprint(of: folder.path)
        }
    }
}

extension TestModels {
    static func load(_ name: String, _ engine: TensorFlowEngine, on device: String) throws -> any LoadedModel {
        try engine.load(LoadRequest(path: path(name), device: DeviceName(device)))
    }
}
