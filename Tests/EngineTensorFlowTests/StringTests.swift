import EngineInterface
import EngineTensorFlow
import Tensors
import Testing

@Suite struct StringTests {
    /// Lengths on both sides of where TensorFlow stops keeping a string inside its 24 bytes.
    static let samples: [[UInt8]] =
        [0, 1, 21, 22, 23, 24, 300, 1_000_000].map { [UInt8](repeating: 0xC3, count: $0) } + [[0, 255, 0]]

    @Test func `strings of any bytes and length come back`() throws {
        let model = try TestModels.load("all_types")
        let tensor = try Tensor(.vector(Self.samples.count), strings: Self.samples)
        let result = try model.answer(["x": tensor], signature: "string")
        #expect(result["y"]?.stringValues() == Self.samples)
    }

    @Test func `strings are computed with`() throws {
        let model = try TestModels.load("strings")
        let result = try model.answer(["text": .strings(["one", "", "drei"])])
        #expect(result["upper"]?.stringValues() == ["ONE", "", "DREI"].map { Array($0.utf8) })
        #expect(result["length"]?.scalars(as: Int32.self) == [3, 0, 4])
        #expect(result["reversed_bytes"]?.stringValues().first == Array("one".utf8) + [0xFF, 0] + Array("one".utf8))
    }

    @Test func `a scalar string is a tensor, too`() throws {
        let model = try TestModels.load("strings")
        let text = try Tensor(.scalar, strings: ["apus apus".utf8])
        #expect(
            try model.answer(["text": text], signature: "one")["upper"]?.stringValues() == [Array("APUS APUS".utf8)]
        )
    }

    @Test func `no strings are a tensor, too`() throws {
        let model = try TestModels.load("strings")
        let result = try model.answer(["text": .strings([])], signature: "upper")
        #expect(result["upper"]?.shape == .vector(0))
    }

    /// Gather and concat copy elements: the copies must not point into the request.
    @Test func `moved strings outlive the request`() throws {
        let model = try TestModels.load("unusual_signatures")
        func run() throws -> [String: Tensor] {
            let text = try Tensor(.vector(Self.samples.count), strings: Self.samples)
            let index = try Tensor(.int32, .vector(3), scalars: [7, 6, 0] as [Int32])
            return try model.answer(["text": text, "index": index], signature: "moved")
        }
        let result = try run()
        // Takes the places that the request's memory had.
        let others = try (0..<20).map { _ in
            try Tensor(.vector(Self.samples.count), strings: Self.samples.map { $0.map { _ in UInt8(0x55) } })
        }
        #expect(result["picked"]?.stringValues() == [Self.samples[7], Self.samples[6], Self.samples[0]])
        #expect(result["joined"]?.stringValues() == Self.samples + Self.samples)
        #expect(others.count == 20)
    }
}
