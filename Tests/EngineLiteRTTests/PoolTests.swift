import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import EngineLiteRT

@Suite(TestModels.needsLibrary) struct PoolTests {
    @Test(arguments: [1, 2, 8]) func `runs at once get their own answers`(interpreters: Int) async throws {
        let model = try TestModels.load("tflite_perceptron", options: LiteRTOptions(interpreters: interpreters))
        defer { model.close() }
        let inputs = try (0..<6).map { seed in
            try Tensor.floats(
                (0..<784 * (seed + 1)).map { Float(($0 &* (seed + 7)) % 255) / 255 },
                [seed + 1, 784]
            )
        }
        let expected = try inputs.map { try model.answer(["pixels": $0])["classes"]?.floats }
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<20 {
                        for (input, expected) in zip(inputs, expected) {
                            let answer = try model.answer(["pixels": input])["classes"]
                            #expect(answer?.floats == expected)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: [(2, 250), (500, 1), (3, 167), (1000, 1)])
    func `a request of many rows is run in parts, and answered as one`(interpretersPerPool: Int, rows: Int) throws {
        #expect(LiteRTOptions(interpretersPerPool: interpretersPerPool).rowsOfRun == rows)
        let options = LiteRTOptions(interpretersPerPool: interpretersPerPool)
        let model = try TestModels.load("half_plus_two_tflite", options: options)
        defer { model.close() }
        for count in [1, rows, rows + 1, 3 * rows - 1] {
            let values = (0..<count).map(Float.init)
            let answer = try model.answer(["x": .floats(values, [count, 1])])["y"]
            #expect(answer?.shape.dimensions == [count, 1])
            #expect(answer?.floats == values.map { $0 / 2 + 2 })
        }
    }

    @Test func `inputs that are not rows of one request are not cut`() throws {
        let one = try Tensor.floats([1, 2, 3])
        #expect(RowSplit([one], most: nil)?.parts.count == nil)
        #expect(RowSplit([one], most: 3)?.parts.count == nil)
        let other = try Tensor.floats([1])
        let scalar = try Tensor.floats([1], [])
        #expect(RowSplit([one, other], most: 2)?.parts.count == nil)
        #expect(RowSplit([scalar], most: 2)?.parts.count == nil)
        #expect(RowSplit([one], most: 2)?.parts.map { $0.map(\.floats) } == [[[1, 2]], [[3]]])
    }

    @Test func `strings are cut and joined, too`() throws {
        let model = try TestModels.load("tflite_strings", options: LiteRTOptions(interpretersPerPool: 250))
        defer { model.close() }
        // Two rows at a time: the indexes are those within a part.
        let answer = try model.answer([
            "texts": .strings(["a", "b", "c", "d", "e"]),
            "indexes": Tensor(.int32, .vector(5), scalars: [Int32(1), 0, 1, 0, 0]),
        ])
        #expect(answer["chosen"]?.texts == ["b", "a", "d", "c", "e"])
        #expect(answer["flat"]?.texts == ["a", "b", "c", "d", "e"])
    }

    @Test func `a run without an interpreter of its own waits for one`() async throws {
        let model = try TestModels.load("half_plus_two_tflite", options: LiteRTOptions(interpreters: 1))
        defer { model.close() }
        try await withThrowingTaskGroup { group in
            for seed in 0..<8 {
                group.addTask {
                    for _ in 0..<50 {
                        let answer = try model.answer(["x": .floats([Float(seed)])])["y"]
                        #expect(answer?.floats == [Float(seed) / 2 + 2])
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
