import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import EngineLiteRT

@Suite(TestModels.needsLibrary) struct HostileRunTests {
    @Test func `another type than the model's is refused in TensorFlow's words`() throws {
        let model = try TestModels.load("half_plus_two_tflite")
        defer { model.close() }
        let doubles = try Tensor(.float64, .vector(1), scalars: [1.0])
        let error = #expect(throws: ServingError.self) { try model.answer(["x": doubles]) }
        #expect(error == .invalidArgument("Expects arg[0] to be float but double is provided"))
        #expect(try model.answer(["x": .floats([2])])["y"]?.floats == [3])
    }

    @Test(arguments: [[0], [0, 1], [3, 0, 2], [1, 1, 1, 1, 1, 1, 1, 1, 1]])
    func `shapes that TFLite's operations are not made for are refused`(shape: [Int]) throws {
        let model = try TestModels.load("half_plus_two_tflite")
        defer { model.close() }
        let values = [Float](repeating: 0, count: shape.reduce(1, *))
        let error = #expect(throws: ServingError.self) { try model.answer(["x": .floats(values, shape)]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("input x has") == true)
    }

    @Test func `a shape that does not fit is an error with TFLite's reason, and the next run is right`() throws {
        let model = try TestModels.load("tflite_perceptron")
        defer { model.close() }
        let fits = try Tensor.floats([Float](repeating: 0.5, count: 784), [1, 784])
        let expected = try model.answer(["pixels": fits])["classes"]?.floats
        for shape in [[1, 3], [7], [2, 785], [3, 3, 3]] {
            let values = [Float](repeating: 1, count: shape.reduce(1, *))
            let error = #expect(throws: ServingError.self) { try model.answer(["pixels": .floats(values, shape)]) }
            #expect(error?.code == .internal)
            #expect(error?.message.hasPrefix("Failed to allocate tensors\n") == true)
            #expect(try model.answer(["pixels": fits])["classes"]?.floats == expected)
        }
    }

    @Test func `an index out of range is an error with TFLite's reason, and the next run is right`() throws {
        let model = try TestModels.load("tflite_strings")
        defer { model.close() }
        let texts = try Tensor.strings(["a", "b"])
        for index: Int32 in [2, -1, .max, .min] {
            let indexes = try Tensor(.int32, .vector(1), scalars: [index])
            let error = #expect(throws: ServingError.self) { try model.answer(["texts": texts, "indexes": indexes]) }
            #expect(error?.code == .internal)
            #expect(error?.message.hasPrefix("Failed to invoke TfLite interpreter\n") == true)
            #expect(error?.message.contains("gather index out of bounds") == true)
        }
        let indexes = try Tensor(.int32, .vector(1), scalars: [Int32(1)])
        #expect(try model.answer(["texts": texts, "indexes": indexes])["chosen"]?.texts == ["b"])
    }

    @Test func `a deadline that has passed ends a run before it begins`() throws {
        let model = try TestModels.load("half_plus_two_tflite")
        defer { model.close() }
        let error = #expect(throws: ServingError.self) {
            try model.answer(["x": .floats([1])], deadline: Deadline(MonotonicTime(nanoseconds: 1)))
        }
        #expect(error?.code == .deadlineExceeded)
        let later = Deadline.after(nanoseconds: 60_000_000_000, from: .now())
        #expect(try model.answer(["x": .floats([1])], deadline: later)["y"]?.floats == [2.5])
    }

    @Test func `a closed model refuses`() throws {
        let model = try TestModels.load("half_plus_two_tflite")
        model.close()
        let error = #expect(throws: ServingError.self) { try model.answer(["x": .floats([1])]) }
        #expect(error?.code == .unavailable)
    }

    @Test func `strings in a buffer are bounded by it`() {
        let sound: [Int32] = [2, 16, 17, 19]
        let content = sound.withUnsafeBytes { Array($0) } + [1, 2, 3]
        content.withUnsafeBytes { bytes in
            #expect(StringBuffer.strings(in: bytes)?.map { Array($0) } == [[1], [2, 3]])
        }
        let hostile: [[Int32]] = [
            [1], [-1], [.max], [1, 12, 13], [1, -4, 12], [1, 12, 8], [2, 16, 12, 16], [2, 8],
        ]
        for numbers in hostile {
            numbers.withUnsafeBytes { #expect(StringBuffer.strings(in: $0)?.count == nil, "\(numbers)") }
        }
        #expect(StringBuffer.strings(in: UnsafeRawBufferPointer(start: nil, count: 0))?.isEmpty == true)
    }
}
