import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors
import Testing

/// What clients may send is an answer or an error, never the end of the process. The tests that try many things run in
/// a process of their own, so that a failed CHECK of TensorFlow's is seen as what it is.
@Suite struct HostileRunTests {
    @Test func `a wrong element type is refused in TensorFlow's words`() throws {
        let model = try TestModels.load("half_plus_two")
        let doubles = try Tensor(.float64, .vector(1), scalars: [1.0])
        let error = #expect(throws: ServingError.self) { try model.answer(["x": doubles]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("Expects arg[0] to be float but double is provided") == true)
    }

    @Test func `shapes that do not go together are refused`() throws {
        let model = try TestModels.load("multi_signature")
        let error = #expect(throws: ServingError.self) {
            try model.answer(["a": .floats([1, 2]), "b": .floats([1, 2, 3])])
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("Incompatible shapes: [2] vs. [3]") == true)
    }

    @Test func `any type meets any signature`() async {
        await #expect(processExitsWith: .success) {
            for name in ["all_types", "half_plus_two", "half_plus_two_tf2", "strings", "multi_signature", "perceptron"]
            {
                let model = try TestModels.load(name)
                for signature in model.signatures {
                    for type in ElementType.allCases {
                        let tensor = try OffsetMemory.tensor(type, .vector(2), offset: 0) { _ in 1 }
                        let inputs = Dictionary(uniqueKeysWithValues: signature.inputs.map { ($0.name, tensor) })
                        do throws(ServingError) {
                            let result = try model.answer(inputs, signature: signature.name)
                            // Only an input of its own type can have been taken.
                            #expect(signature.inputs.allSatisfy { $0.elementType == type })
                            #expect(result.count == signature.outputs.count)
                        } catch {
                            #expect(error.message.isEmpty == false)
                        }
                    }
                }
            }
        }
    }

    @Test func `any shape meets any signature`() async {
        await #expect(processExitsWith: .success) {
            let many = [Int](repeating: 1, count: 64)
            let shapes = [
                [], [0], [1], [3], [1, 1], [0, 784], [784, 0], [2, 3, 4], many, [0] + many.dropFirst(),
                [0, 1 << 24], [1 << 24, 0], [1 << 12, 0, 1 << 12], [0, 0],
            ]
            for name in ["all_types", "half_plus_two", "half_plus_two_tf2", "strings", "multi_signature", "perceptron"]
            {
                let model = try TestModels.load(name)
                for signature in model.signatures {
                    for shape in shapes {
                        var inputs: [String: Tensor] = [:]
                        for parameter in signature.inputs {
                            guard let type = parameter.elementType else { continue }
                            inputs[parameter.name] =
                                try OffsetMemory.tensor(type, TensorShape(shape), offset: 0) { _ in 1 }
                        }
                        _ = try? model.answer(inputs, signature: signature.name)
                    }
                }
            }
        }
    }

    /// `tf.stack` of a tensor of 254 dimensions ends the process.
    @Test func `more dimensions than any model uses are refused`() throws {
        let model = try TestModels.load("multi_signature")
        for rank in [65, 253, 254] {
            let shape = try TensorShape([Int](repeating: 1, count: rank))
            let count = try Tensor(.int32, shape, scalars: [1 as Int32])
            #expect(throws: ServingError.invalidArgument("a tensor has \(rank) dimensions; at most 64 are accepted")) {
                try model.answer(["count": count], signature: "zeros")
            }
        }
    }

    /// They, too: `tf.stack` multiplies the dimensions in their order.
    @Test(arguments: [[1 << 62, 0], [0, 1 << 62], [1 << 13, 0, 1 << 12], [0, 1 << 31, 1 << 31]])
    func `empty tensors of huge extent are refused`(shape: [Int]) throws {
        let model = try TestModels.load("multi_signature")
        let count = try Tensor(.int32, TensorShape(shape), scalars: [] as [Int32])
        let error = #expect(throws: ServingError.self) { try model.answer(["count": count], signature: "zeros") }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("a tensor without elements has shape \(count.shape); ") == true)
    }

    /// Not a `tf.Example`, and not UTF-8 either.
    @Test func `any bytes meet the parser of examples`() async {
        await #expect(processExitsWith: .success) {
            let texts: [[UInt8]] = [
                [], [0], [0xFF], [UInt8](repeating: 0xFF, count: 100_000),
                [10, 255, 255, 255, 255, 255, 255, 255, 255, 127],
                [10, 4, 10, 2, 10, 0], Array("text".utf8),
            ]
            let examples = try Tensor(.vector(texts.count), strings: texts)
            for (name, signature, input) in [
                ("strings", "parse", "examples"), ("half_plus_two", "regress_x_to_y", "inputs"),
                ("half_plus_two_tf2", "classify_x_to_y", "inputs"),
            ] {
                let model = try TestModels.load(name)
                let error = #expect(throws: ServingError.self) {
                    try model.answer([input: examples], signature: signature)
                }
                #expect(error?.code == .invalidArgument)
            }
        }
    }

    @Test func `bytes that are no truth values pass`() async {
        await #expect(processExitsWith: .success) {
            let model = try TestModels.load("all_types")
            let tensor = try OffsetMemory.tensor(.bool, .vector(256), offset: 0) { UInt8($0) }
            let result = try model.answer(["x": tensor], signature: "bool")
            #expect(result["y"]?.shape == .vector(256))
        }
    }

    @Test func `a huge allocation in the model is an error`() async {
        await #expect(processExitsWith: .success) {
            let model = try TestModels.load("multi_signature")
            for count in [Int32.max, Int32.min, -1] {
                let tensor = try Tensor(.int32, .scalar, scalars: [count])
                // 32 GiB or a negative size: refused, or given untouched pages; not the end.
                _ = try? model.answer(["count": tensor], signature: "zeros")
            }
            #expect(try model.answer([:], signature: "constant").count == 1)
        }
    }

    @Test(arguments: ["sparse", "ragged", "int4"])
    func `signatures that requests cannot carry are refused, and are no trouble to the others`(name: String) throws {
        let model = try TestModels.load("unusual_signatures")
        let signature = model.signatures[try model.index(of: name)]
        #expect(signature.inputs[0].elementType == nil)
        let inputs = Dictionary(uniqueKeysWithValues: signature.inputs.map { ($0.name, Tensor.floats([1])) })
        let error = #expect(throws: ServingError.self) { try model.answer(inputs, signature: name) }
        #expect(error?.code == .unimplemented)
        #expect(error?.message.contains("Signature \"\(name)\": input \"\(signature.inputs[0].name)\"") == true)
        #expect(try model.answer(["x": .floats([1])], signature: "shared").count == 2)
    }

    @Test func `an output that answers cannot carry is refused, the others are not`() throws {
        let model = try TestModels.load("unusual_signatures")
        let error = #expect(throws: ServingError.self) {
            try model.answer(["x": .floats([1])], signature: "resource")
        }
        #expect(error?.code == .unimplemented)
        #expect(error?.message.contains("output \"handle\"") == true)
        let result = try model.answer(["x": .floats([1])], signature: "resource", outputs: ["doubled"])
        #expect(result["doubled"]?.scalars(as: Float.self) == [2])
    }

    @Test func `TensorFlow words what it cannot run`() throws {
        let odd = try TestModels.load("unusual_signatures")
        #expect(throws: ServingError.invalidArgument("x:0 is both fed and fetched.")) {
            try odd.answer(["x": .floats([1])], signature: "straight")
        }
        let modern = try TestModels.load("half_plus_two_tf2")
        let initialisation = #expect(throws: ServingError.self) {
            try modern.answer([:], signature: "__saved_model_init_op")
        }
        #expect(initialisation?.code == .invalidArgument)
        #expect(initialisation?.message.contains("which produces no output") == true)
    }
}
