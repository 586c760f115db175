import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import EngineLiteRT

@Suite(TestModels.needsLibrary) struct RunTests {
    /// TensorFlow Serving's own suite sends [1] to an input of [1,1].
    @Test(arguments: [[1, 1], [3, 1], [1], [5], [2, 3], [1, 2, 3], [1, 1, 1, 1, 1, 2]])
    func `inputs take the shape of the request`(shape: [Int]) throws {
        let model = try TestModels.load("half_plus_two_tflite")
        defer { model.close() }
        let values = (0..<shape.reduce(1, *)).map { Float($0) }
        let answer = try model.answer(["x": .floats(values, shape)])["y"]
        #expect(answer?.shape.dimensions == shape)
        #expect(answer?.floats == values.map { $0 / 2 + 2 })
    }

    @Test func `a scalar is a shape like any other, before and after others`() throws {
        let model = try TestModels.load("half_plus_two_tflite")
        defer { model.close() }
        for shape in [[], [1], [], [2], [], [1, 1]] {
            let values = (0..<shape.reduce(1, *)).map { Float($0) + 1 }
            let answer = try model.answer(["x": .floats(values, shape)])["y"]
            #expect(answer?.shape.dimensions == shape)
            #expect(answer?.floats == values.map { $0 / 2 + 2 })
        }
    }

    @Test func `strings go in and out`() throws {
        let model = try TestModels.load("tflite_strings")
        defer { model.close() }
        for texts in [["one", "", "drei\u{0}3"], ["x"], ["a", "b", "c", String(repeating: "long", count: 5000)]] {
            let indexes = Array((0..<texts.count).reversed()).map(Int32.init)
            let answer = try model.answer([
                "texts": .strings(texts),
                "indexes": Tensor(.int32, .vector(texts.count), scalars: indexes),
            ])
            #expect(answer["chosen"]?.texts == texts.reversed())
            #expect(answer["flat"]?.texts == texts)
        }
    }

    @Test func `outputs may have a size that the values decide`() throws {
        let model = try TestModels.load("tflite_dynamic")
        defer { model.close() }
        for values: [Float] in [[0, 1, 2], [0, 0], [1], [-1, 5, -1, 5, 5, 5, 5, 5]] {
            let answer = try model.answer(["x": .floats(values)])
            let places = values.indices.filter { values[$0] > 0 }.map(Int64.init)
            #expect(answer["places"]?.shape.dimensions == [places.count, 1])
            #expect(answer["places"]?.scalars(as: Int64.self) == places)
            #expect(answer["twice"]?.floats == values.map { $0 * 2 })
        }
    }

    @Test func `outputs larger than any before are whole`() throws {
        let model = try TestModels.load("half_plus_two_tflite")
        defer { model.close() }
        for count in [1, 100, 10_000, 3, 1_000_000, 2] {
            let values = (0..<count).map { Float($0 % 1000) }
            #expect(try model.answer(["x": .floats(values)])["y"]?.floats == values.map { $0 / 2 + 2 })
        }
    }

    @Test func `every element type goes in and out`() throws {
        let model = try TestModels.load("tflite_types")
        defer { model.close() }
        let shape = try TensorShape([3, 2])
        var inputs: [String: Tensor] = [:]
        for parameter in model.signatures[0].inputs {
            let type = try #require(parameter.elementType)
            var buffer = try TensorBuffer(type, shape)
            let isBool = type == .bool
            buffer.withUnsafeMutableBytes { bytes in
                for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: isBool ? index % 2 : index + 1) }
            }
            inputs[parameter.name] = buffer.freeze()
        }
        #expect(inputs.count == 11)
        for (name, output) in try model.answer(inputs) {
            let input = try #require(inputs[String(name.dropLast("_out".count))])
            #expect(output.elementType == input.elementType)
            #expect(output.shape.dimensions == [6])
            #expect(output.withUnsafeBytes { Array($0) } == input.withUnsafeBytes { Array($0) })
        }
    }

    @Test func `only the outputs asked for are answered, in their order`() throws {
        let model = try TestModels.load("tflite_dynamic")
        defer { model.close() }
        let request = RunRequest(signature: 0, inputs: [try .floats([1, 0])], outputs: [1])
        let answer = try model.run(request)
        #expect(answer.count == 1)
        #expect(answer[0].floats == [2, 0])
    }
}
