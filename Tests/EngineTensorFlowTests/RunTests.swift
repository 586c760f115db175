import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors
import Testing

@Suite struct RunTests {
    @Test(arguments: ["half_plus_two", "half_plus_two_tf2", "half_plus_two_text"])
    func `computes what the model says`(name: String) throws {
        let model = try TestModels.load(name)
        let result = try model.answer(["x": .floats([1, 2, 5])])
        #expect(result["y"]?.scalars(as: Float.self) == [2.5, 3, 4.5])
        #expect(result["y"]?.shape == .vector(3))
    }

    /// Every bit pattern comes back, in whatever shape, from aligned memory and from any other.
    @Test(arguments: ElementType.carried)
    func `every element type passes`(type: ElementType) throws {
        let model = try TestModels.load("all_types")
        for shape in [[], [5], [0], [2, 0, 3], [2, 3], [1, 2, 1, 2, 1, 2, 1, 2]] {
            for offset in [0, 1] {
                let tensor = try OffsetMemory.tensor(type, TensorShape(shape), offset: offset) { UInt8(($0 * 37) & 1) }
                let result = try #require(model.answer(["x": tensor], signature: type.modelName)["y"])
                #expect(result.elementType == type)
                #expect(result.shape == tensor.shape)
                #expect(result.content == tensor.content)
            }
        }
    }

    @Test func `all element types pass at once`() throws {
        let model = try TestModels.load("all_types")
        let signature = model.signatures[try model.index(of: "serving_default")]
        var inputs: [String: Tensor] = [:]
        for parameter in signature.inputs {
            let type = try #require(parameter.elementType)
            inputs[parameter.name] =
                type == .string
                ? .strings(["a", "b"]) : try OffsetMemory.tensor(type, .vector(2), offset: 0) { _ in 1 }
        }
        let result = try model.answer(inputs)
        #expect(result.count == signature.inputs.count)
        for (name, tensor) in inputs { #expect(result["\(name)_out"]?.content == tensor.content) }
    }

    @Test func `every signature of a model runs`() throws {
        let model = try TestModels.load("multi_signature")
        let sums = try model.answer(["a": .floats([1, 2]), "b": .floats([3, 5])])
        #expect(sums["sum"]?.scalars(as: Float.self) == [4, 7])
        #expect(sums["difference"]?.scalars(as: Float.self) == [-2, -3])
        #expect(sums["product"]?.scalars(as: Float.self) == [3, 10])
        let doubles = try Tensor(.float64, TensorShape([2, 2]), scalars: [1.0, 2, 3, 4])
        let product = try model.answer(["x": doubles, "y": doubles], signature: "matmul")
        #expect(product["product"]?.scalars(as: Double.self) == [7, 10, 15, 22])
        let mixed = try model.answer(
            [
                "ids": Tensor(.int64, .vector(2), scalars: [Int64.max - 1, -1]),
                "values": Tensor(.int32, TensorShape([2, 3]), scalars: [1, 2, 3, -4, 5, 6] as [Int32]),
            ],
            signature: "mixed"
        )
        #expect(mixed["next_ids"]?.scalars(as: Int64.self) == [Int64.max, 0])
        #expect(mixed["row_sums"]?.scalars(as: Int32.self) == [6, 7])
        #expect(mixed["positive"]?.scalars(as: Bool.self) == [true, false])
    }

    @Test func `a signature without inputs runs`() throws {
        let model = try TestModels.load("multi_signature")
        let result = try model.answer([:], signature: "constant")
        #expect(result["answer"]?.scalars(as: Int64.self) == [42])
        #expect(result["answer"]?.shape == .scalar)
    }

    @Test func `initialisation sees the served assets`() throws {
        let classic = try TestModels.load("half_plus_two")
        let text = try classic.answer([:], signature: "asset")["text"]
        #expect(text?.stringValues() == [Array("hello from half_plus_two\n".utf8)])
        let modern = try TestModels.load("strings")
        let ids = try modern.answer(["text": .strings(["two", "none"])])["id"]
        #expect(ids?.scalars(as: Int64.self) == [2, -1])
    }

    @Test func `outputs can be asked for in any selection`() throws {
        let model = try TestModels.load("multi_signature")
        let inputs = ["a": Tensor.floats([6]), "b": Tensor.floats([2])]
        let expected: [String: Float] = ["sum": 8, "difference": 4, "product": 12]
        for names in [["sum"], ["product", "difference"], ["sum", "product", "difference"], ["difference", "sum"]] {
            let result = try model.answer(inputs, outputs: names)
            #expect(result.count == names.count)
            for name in names { #expect(result[name]?.scalars(as: Float.self) == expected[name].map { [$0] }) }
        }
    }

    /// TensorFlow keeps an executor for each set of outputs; past a bound the engine runs all of them instead.
    @Test func `more selections than are kept still give what was asked for`() throws {
        let model = try TestModels.load("unusual_signatures")
        for bits in 1..<256 {
            let numbers = (0..<8).filter { bits & (1 << $0) != 0 }
            let result = try model.answer(
                ["x": .floats([100])],
                signature: "many",
                outputs: numbers.map { "plus_\($0)" }
            )
            #expect(result.count == numbers.count)
            for number in numbers {
                #expect(result["plus_\(number)"]?.scalars(as: Float.self) == [100 + Float(number)])
            }
        }
    }

    @Test func `one tensor can be two outputs`() throws {
        let model = try TestModels.load("unusual_signatures")
        let result = try model.answer(["x": .floats([1, 2])], signature: "shared")
        #expect(result["first"]?.scalars(as: Float.self) == [2, 4])
        #expect(result["second"]?.scalars(as: Float.self) == [2, 4])
    }

    @Test func `a reference variable reads as its plain type`() throws {
        let model = try TestModels.load("unusual_signatures")
        let index = try model.index(of: "reference")
        #expect(model.signatures[index].outputs[0].elementType == .float32)
        let result = try model.answer([:], signature: "reference")
        #expect(result["variable"]?.scalars(as: Float.self) == [1.5, 2.5])
    }

    @Test func `threads run one model at once`() async throws {
        let model = try TestModels.load("half_plus_two")
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    try (0..<500).count { run in
                        let value = Float(thread * 1000 + run)
                        let result = try model.answer(["x": .floats([value, 0])])
                        return result["y"]?.scalars(as: Float.self) != [value / 2 + 2, 2]
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    @Test func `operations run on the pool when that is asked for`() throws {
        let engine = TensorFlowEngine(options: TensorFlowOptions(intraOpThreads: 2, interOpThreads: 2))
        let model = try TestModels.load("half_plus_two", engine)
        #expect(try model.answer(["x": .floats([4])])["y"]?.scalars(as: Float.self) == [4])
    }
}
