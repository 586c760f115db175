import FoundationEssentials
import ServingProtos
import SwiftProtobuf
import Testing

@testable import WireFormat

@Suite struct ExampleWriterTests {
    @Test func `features of every kind are those of the generated message`() throws {
        var writer = ExampleWriter()
        for value: Float in [1.5, -0.0, .infinity] { writer.append(value) }
        writer.endFeature(named: Array("floats".utf8))
        for value: Int64 in [0, -1, .max, .min, 300] { writer.append(value) }
        writer.endFeature(named: Array("integers".utf8))
        for value in ["", "text", String(repeating: "x", count: 300)] { writer.append(Array(value.utf8)) }
        writer.endFeature(named: Array("bytes".utf8))
        writer.endFeature(named: Array("nothing".utf8))
        let expected = Tensorflow_Example.with {
            $0.features.feature = [
                "floats": .with { $0.floatList.value = [1.5, -0.0, .infinity] },
                "integers": .with { $0.int64List.value = [0, -1, .max, .min, 300] },
                "bytes": .with {
                    $0.bytesList.value = ["", "text", String(repeating: "x", count: 300)].map { .init($0.utf8) }
                },
                "nothing": .init(),
            ]
        }
        #expect(try Tensorflow_Example(serializedBytes: writer.endExample()) == expected)
    }

    @Test func `one feature is written byte for byte as protobuf does`() throws {
        var writer = ExampleWriter()
        writer.append(2.5 as Float)
        writer.endFeature(named: Array("x".utf8))
        let expected = Tensorflow_Example.with { $0.features.feature["x"] = .with { $0.floatList.value = [2.5] } }
        #expect(writer.endExample() == (try expected.serializedBytes()))
    }

    @Test func `examples do not leak into the next one`() throws {
        var writer = ExampleWriter()
        writer.append(1 as Int64)
        #expect(writer.kind == .int64)
        writer.endFeature(named: Array("x".utf8))
        #expect(writer.kind == nil)
        #expect(!writer.endExample().isEmpty)
        #expect(writer.endExample() == [])
    }

    @Test func `of features of one name the last one is read`() throws {
        var writer = ExampleWriter()
        writer.append(1 as Int64)
        writer.endFeature(named: Array("x".utf8))
        writer.append(2 as Float)
        writer.endFeature(named: Array("x".utf8))
        let example = try Tensorflow_Example(serializedBytes: writer.endExample())
        #expect(example.features.feature["x"]?.floatList.value == [2])
    }
}
