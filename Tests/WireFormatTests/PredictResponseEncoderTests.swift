import FoundationEssentials
import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing
import WireExercises

@testable import WireFormat

@Suite struct PredictResponseEncoderTests {
    private final class NoModel: Servable {}

    private func result(
        _ outputs: [NamedTensor],
        version: Int64 = 3,
        signature: String = "serving_default"
    ) -> PredictResult {
        let id = ServableID(name: "some_model", version: version)
        return PredictResult(
            signatureName: signature,
            outputs: outputs,
            lease: ServableLease(id: id, servable: NoModel()) {}
        )
    }

    private func encode(_ result: PredictResult, _ encoding: TensorEncoding = .typedFields) throws -> [UInt8] {
        let encoder = try PredictResponseEncoder(result, encoding: encoding)
        var bytes = [UInt8](repeating: 0xee, count: encoder.byteCount)
        bytes.withUnsafeMutableBytes { encoder.write(into: $0) }
        return bytes
    }

    private func message(_ output: Tensor, _ encoding: TensorEncoding = .typedFields) throws -> Tensorflow_TensorProto {
        let bytes = try encode(result([NamedTensor(name: "y", tensor: output)]), encoding)
        let response = try Tensorflow_Serving_PredictResponse(serializedBytes: bytes)
        return try #require(response.outputs["y"])
    }

    /// A tensor of the type whose elements take every length on the wire.
    private static func sample(_ type: ElementType) throws -> Tensor {
        guard let width = type.byteWidth else {
            let strings = ["", "a", String(repeating: "long", count: 100)].map { Array($0.utf8) } + [[0xff, 0x00]]
            return try Tensor(TensorShape([2, 2]), strings: strings)
        }
        var generator = SeededGenerator(UInt64(type.rawValue))
        var elements: [[UInt8]] = [[UInt8](repeating: 0, count: width), [UInt8](repeating: 0xff, count: width)]
        for bits in 0..<(8 * width) {
            var element = [UInt8](repeating: 0, count: width)
            for bit in 0...bits where bit == bits || Bool.random(using: &generator) {
                element[bit / 8] |= 1 << UInt8(bit % 8)
            }
            elements.append(element)
        }
        if type == .bool { elements = [[0], [1], [1], [0]] }
        var buffer = try TensorBuffer(type, .vector(elements.count))
        buffer.withUnsafeMutableBytes { $0.copyBytes(from: elements.flatMap { $0 }) }
        return buffer.freeze()
    }

    @Test(arguments: ElementType.allCases, [TensorEncoding.typedFields, .content])
    func `every type is written so that it can be read back`(_ type: ElementType, _ encoding: TensorEncoding) throws {
        let tensor = try Self.sample(type)
        let message = try message(tensor, encoding)
        #expect(message.dtype.rawValue == Int(type.rawValue))
        #expect(message.tensorContent.isEmpty == (encoding == .typedFields))
        #expect(try ReferenceTensor(message) == ReferenceTensor(tensor))
        #expect(try ReferenceTensor(Tensor(message)) == ReferenceTensor(tensor))
        // Bytes, because a NaN is not equal to itself.
        let again: [UInt8] = try Tensorflow_TensorProto(tensor, encoding: encoding).serializedBytes()
        #expect(try message.serializedBytes() == again)
    }

    @Test(arguments: ElementType.allCases)
    func `the bytes are those that SwiftProtobuf writes`(_ type: ElementType) throws {
        let bytes = try encode(result([NamedTensor(name: "y", tensor: Self.sample(type))]))
        let response = try Tensorflow_Serving_PredictResponse(serializedBytes: bytes)
        #expect(response.unknownFields.data.isEmpty)
        #expect(try response.serializedBytes() == bytes)
    }

    @Test func `every element stands in the field of its type`() throws {
        #expect(try message(Tensor(.float32, [2].shape, scalars: [1, 1] as [Float])).floatVal == [1, 1])
        #expect(try message(Tensor(.int8, [2].shape, scalars: [-1, 1] as [Int8])).intVal == [-1, 1])
        #expect(try message(Tensor(.uint8, [1].shape, scalars: [255] as [UInt8])).intVal == [255])
        #expect(try message(Tensor(.bfloat16, [1].shape, scalars: [0xff80] as [UInt16])).halfVal == [0xff80])
        #expect(try message(Tensor(.bool, [2].shape, scalars: [1, 0] as [UInt8])).boolVal == [true, false])
        #expect(try message(Tensor(.bool, [1].shape, scalars: [0x80] as [UInt8])).boolVal == [true])
        #expect(try message(Tensor(.float8E5M2, [1].shape, scalars: [7] as [UInt8])).float8Val == .init([7]))
        #expect(try message(Tensor(.complex64, .scalar, scalars: [SIMD2<Float>(1, 2)])).scomplexVal == [1, 2])
    }

    @Test func `a negative integer takes ten bytes`() throws {
        let negative = try TensorProtoEncoder(Tensor(.int32, .scalar, scalars: [-1] as [Int32]), .typedFields)
        let positive = try TensorProtoEncoder(Tensor(.int32, .scalar, scalars: [1] as [Int32]), .typedFields)
        #expect(negative.byteCount == positive.byteCount + 9)
    }

    @Test(arguments: [[], [0], [2, 0, 3], [1, 1, 1, 1, 1, 1, 1, 4]] as [[Int]])
    func `the shape is always there`(_ dimensions: [Int]) throws {
        let shape = try TensorShape(dimensions)
        let tensor = try Tensor(.uint8, shape, scalars: [UInt8](repeating: 9, count: shape.elementCount))
        let message = try message(tensor)
        #expect(message.hasTensorShape)
        #expect(message.tensorShape.dim.map { Int($0.size) } == dimensions)
        #expect(message.intVal.count == shape.elementCount)
    }

    @Test func `model_spec states name, version and signature`() throws {
        for version in [0, 1, Int64.max] {
            let bytes = try encode(result([], version: version))
            let spec = try Tensorflow_Serving_PredictResponse(serializedBytes: bytes).modelSpec
            #expect(spec.name == "some_model")
            #expect(spec.version.value == version)
            #expect(spec.versionChoice != nil)
            #expect(spec.signatureName == "serving_default")
        }
    }

    @Test func `an answer that no message can carry is refused`() throws {
        // The memory behind it is never read: its size is that of its shape.
        final class Nothing {}
        let count = PredictResponseEncoder.maximumByteCount
        let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 64), count: count)
        let tensor = try Tensor(.float8E5M2, .vector(count), bytes: bytes, owner: Nothing())
        let error = try #require(throws: ServingError.self) {
            try PredictResponseEncoder(result([NamedTensor(name: "y", tensor: tensor)]))
        }
        #expect(error.code == .resourceExhausted)
        #expect(error.message.contains("a message can have at most 2147483647"))
    }
}

extension [Int] {
    fileprivate var shape: TensorShape { get throws { try TensorShape(self) } }
}
