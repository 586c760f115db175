import EngineInterface
import ModelSignatures
import ServingPrimitives
import Tensors
import Testing

@testable import EngineLiteRT

@Suite(TestModels.needsLibrary) struct ParseExampleTests {
    /// A serialized `tensorflow.Example`.
    private struct Example {
        private var features = ProtobufWriter()

        mutating func add(_ name: String, kind: Int, _ list: [UInt8]) {
            features.message(1) { entry in
                entry.string(1, name)
                entry.message(2) { $0.bytes(kind, list) }
            }
        }

        mutating func add(_ name: String, floats: [Float], packed: Bool = true) {
            let bytes = floats.map { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
            var list = ProtobufWriter()
            if packed { list.bytes(1, bytes.flatMap { $0 }) }
            add(name, kind: 2, packed ? list.bytes : bytes.flatMap { [0x0D] + $0 })
        }

        mutating func add(_ name: String, integers: [Int], packed: Bool = true) {
            var list = ProtobufWriter()
            if packed {
                list.bytes(1, integers.map(UInt8.init))
            } else {
                for integer in integers { list.integer(1, integer) }
            }
            add(name, kind: 3, list.bytes)
        }

        mutating func add(_ name: String, strings: [String]) {
            var list = ProtobufWriter()
            for string in strings { list.string(1, string) }
            add(name, kind: 1, list.bytes)
        }

        var bytes: [UInt8] {
            var message = ProtobufWriter()
            message.bytes(1, features.bytes)
            return message.bytes
        }
    }

    private func example(_ make: (inout Example) -> Void) -> [UInt8] {
        var example = Example()
        make(&example)
        return example.bytes
    }

    private func answer(_ examples: [[UInt8]]) throws -> [String: Tensor] {
        let model = try TestModels.load("tflite_parse_example")
        defer { model.close() }
        return try model.answer(["examples": Tensor(.vector(examples.count), strings: examples)])
    }

    @Test func `dense features of all types are parsed, with their defaults`() throws {
        let answer = try answer([
            example {
                $0.add("x", floats: [10])
                $0.add("count", integers: [3, 4])
                $0.add("label", strings: ["ten"])
            },
            example { $0.add("x", floats: [4], packed: false) },
            example {
                $0.add("unused", strings: ["y"])
                $0.add("x", floats: [1])
                $0.add("bias", floats: [100])
                $0.add("count", integers: [300 % 128, 7], packed: false)
            },
        ])
        #expect(answer["y"]?.shape.dimensions == [3, 1])
        #expect(answer["y"]?.floats == [7, 4, 100.5])
        #expect(answer["scores"]?.shape.dimensions == [3, 3])
        #expect(answer["scores"]?.floats == [7, 3, 4, 4, 1, 1, 100.5, 44, 7])
        #expect(answer["labels"]?.texts == ["ten", "none", "none"])
    }

    @Test func `of a feature that comes twice the last one counts`() throws {
        let answer = try answer([
            example {
                $0.add("x", floats: [1])
                $0.add("x", floats: [6])
            } + example { $0.add("bias", floats: [0]) }
        ])
        #expect(answer["y"]?.floats == [3])
    }

    @Test func `the number of examples may change from run to run`() throws {
        let model = try TestModels.load("tflite_parse_example")
        defer { model.close() }
        for count in [1, 5, 2, 700, 1] {
            let examples = (0..<count).map { index in example { $0.add("x", floats: [Float(index)]) } }
            let answer = try model.answer(["examples": Tensor(.vector(count), strings: examples)])
            #expect(answer["y"]?.floats == (0..<count).map { Float($0) / 2 + 2 })
            #expect(answer["labels"]?.texts == Array(repeating: "none", count: count))
        }
    }

    @Test func `examples that do not fit are errors that say why, and the next run is right`() throws {
        let model = try TestModels.load("tflite_parse_example")
        defer { model.close() }
        let cases: [(example: [UInt8], reason: String)] = [
            (
                example { $0.add("bias", floats: [1]) },
                "Feature: x (data type: float) is required but could not be found."
            ),
            (
                example { $0.add("x", integers: [1]) },
                "Key: x, Index: 1.  Data types don't match. Data type: int64 but expected type: float"
            ),
            (
                example { $0.add("x", floats: [1, 2]) },
                "Key: x, Index: 1.  Number of float values != expected.  Values size: 2 but output shape: [1]"
            ),
            ([0xFF], "Failed to parse example"), ([10, 200], "Failed to parse example"),
            (example { $0.add("x", kind: 2, [10, 3, 1, 2, 3]) }, "Can't parse serialized Example."),
        ]
        let good = example { $0.add("x", floats: [2]) }
        for (bad, reason) in cases {
            let error = #expect(throws: ServingError.self) {
                try model.answer(["examples": Tensor(.vector(2), strings: [good, bad])])
            }
            #expect(error?.code == .internal)
            #expect(error?.message.hasPrefix("Failed to invoke TfLite interpreter\n") == true)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
            #expect(try model.answer(["examples": Tensor(.vector(1), strings: [good])])["y"]?.floats == [3])
        }
    }
}
