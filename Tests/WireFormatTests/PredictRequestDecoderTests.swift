import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing
import WireExercises

@testable import WireFormat

@Suite struct PredictRequestDecoderTests {
    private let named = WireBytes().message(1) { $0.string(1, "m") }

    private func float(_ value: Float) -> (WireBytes) -> WireBytes { { $0.number(1, 1).floats(5, [value]) } }

    @Test func `a whole request is read`() throws {
        var request = Tensorflow_Serving_PredictRequest()
        request.modelSpec.name = "half_plus_two"
        request.modelSpec.version.value = 12
        request.modelSpec.signatureName = "some_signature"
        request.inputs["x"] = .with {
            $0.dtype = .dtFloat
            $0.tensorShape.dim = [.with { $0.size = 3 }]
            $0.floatVal = [1, 2, 5]
        }
        request.outputFilter = ["y", "z"]
        let call = try ReceivedMessage(request).decode()
        #expect(
            call.model
                == ModelSelector(name: "half_plus_two", version: .specific(12), signatureName: "some_signature")
        )
        #expect(call.inputs.map(\.name) == ["x"])
        #expect(call.inputs[0].tensor.scalars(as: Float.self) == [1, 2, 5])
        #expect(call.outputFilter == ["y", "z"])
        #expect(call.terms.deadline.isNever)
    }

    @Test func `an empty model_spec is one`() throws {
        #expect(try decode(WireBytes().bytes(1, []).bytes).model == ModelSelector(name: ""))
    }

    @Test func `a version of 0 is a version`() throws {
        for wrapper in [[], [0x08, 0x00]] as [[UInt8]] {
            let request = WireBytes().message(1) { $0.string(1, "m").bytes(2, wrapper) }
            #expect(try decode(request.bytes).model.version == .specific(0))
        }
    }

    @Test func `a negative version is read`() throws {
        let request = WireBytes().message(1) { $0.string(1, "m").message(2) { $0.number(1, UInt64.max) } }
        #expect(try decode(request.bytes).model.version == .specific(-1))
    }

    @Test func `of version and label the last one counts`() throws {
        let version = { (spec: WireBytes) in spec.message(2) { $0.number(1, 5) } }
        let label = { (spec: WireBytes) in spec.string(4, "stable") }
        #expect(try decode(WireBytes().message(1) { label(version($0)) }.bytes).model.version == .label("stable"))
        #expect(try decode(WireBytes().message(1) { version(label($0)) }.bytes).model.version == .specific(5))
    }

    @Test func `several model_specs are merged`() throws {
        let request = WireBytes()
            .message(1) { $0.string(1, "a").string(3, "s").message(2) { $0.number(1, 5) } }
            .message(1) { $0.string(1, "b") }
            .message(1) { $0.bytes(2, []) }
        let model = ModelSelector(name: "b", version: .specific(5), signatureName: "s")
        #expect(try decode(request.bytes).model == model)
        #expect(PredictRequestExercise.disagreement(on: request.bytes) == nil)
    }

    @Test func `the last input of a name counts`() throws {
        let request =
            named
            .message(2) { $0.string(1, "x").message(2, float(1)) }
            .message(2) { $0.string(1, "y").message(2, float(2)) }
            .message(2) { $0.string(1, "x").message(2, float(3)) }
        let inputs = try decode(request.bytes).inputs
        #expect(inputs.map(\.name) == ["x", "y"])
        #expect(inputs.map { $0.tensor.scalars(as: Float.self) } == [[3], [2]])
    }

    @Test func `the last input of a name counts among many`() throws {
        let request = (0..<100).reduce(named) { request, index in
            request.message(2) { $0.string(1, "x\(index % 40)").message(2, float(Float(index))) }
        }
        let inputs = try decode(request.bytes).inputs
        #expect(inputs.map(\.name) == (0..<40).map { "x\($0)" })
        // Of 100 inputs under 40 names, the last of name n is 80 + n for the first 20 names, 40 + n for the others.
        let expected = (80..<100).map(Float.init) + (60..<80).map(Float.init)
        #expect(inputs.map { $0.tensor.scalars(as: Float.self)[0] } == expected)
    }

    @Test func `an input that is not a tensor may be replaced by one`() throws {
        let bad = { (entry: WireBytes) in entry.string(1, "x").message(2) { $0.number(1, 99) } }
        let good = { (entry: WireBytes) in entry.string(1, "x").message(2, float(1)) }
        #expect(try decode(named.message(2, bad).message(2, good).bytes).inputs.count == 1)
        #expect(throws: ServingError.self) { try decode(named.message(2, good).message(2, bad).bytes) }
    }

    @Test func `key and value may be missing, swapped or repeated`() throws {
        let swapped = named.message(2) { $0.message(2, float(1)).string(1, "x") }
        #expect(try decode(swapped.bytes).inputs.map(\.name) == ["x"])
        let unnamed = named.message(2) { $0.message(2, float(1)) }
        #expect(try decode(unnamed.bytes).inputs.map(\.name) == [""])
        let repeated = named.message(2) {
            $0.string(1, "a").message(2) { $0.number(1, 1).shape([2]).floats(5, [1]) }
                .string(1, "x").message(2) { $0.shape([2]).floats(5, [2, 3]) }
        }
        let input = try decode(repeated.bytes).inputs[0]
        #expect(input.name == "x")
        #expect(input.tensor.shape.dimensions == [2, 2])
        #expect(input.tensor.scalars(as: Float.self) == [1, 2, 3, 3])
        #expect(PredictRequestExercise.disagreement(on: repeated.bytes) == nil)
        let error = try #require(throws: ServingError.self) { try decode(named.message(2) { $0.string(1, "x") }.bytes) }
        #expect(error.message == "tensor parsing error: x: dtype 0 is not a type that a request can carry")
    }

    @Test func `fields it does not know are passed over`() throws {
        let group = WireBytes().tag(20, 3).number(1, 1).tag(21, 3).tag(21, 4).fixed64(2, 1).tag(20, 4).bytes
        let unknown = WireBytes().number(30, 1).fixed32(31, 1).fixed64(32, 1).bytes(33, [1, 2]).raw(group)
            // Known numbers with a wire type they do not have.
            .number(2, 5).fixed32(1, 1).bytes
        let request = WireBytes().raw(unknown)
            .message(1) { $0.raw(unknown).string(1, "m") }
            .message(2) { $0.string(1, "x").raw(group).message(2) { float(4)($0.raw(group)) } }
            .message(5) { $0.number(1, 1) }.bytes(6, [0xff]).message(7) { $0.number(3, 1) }
        let call = try decode(request.bytes)
        #expect(call.model.name == "m")
        #expect(call.inputs[0].tensor.scalars(as: Float.self) == [4])
        #expect(PredictRequestExercise.disagreement(on: request.bytes) == nil)
    }
}
