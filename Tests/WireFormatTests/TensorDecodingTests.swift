import Inference
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing
import WireExercises

@testable import WireFormat

/// A TensorProto as a client may write it, and the elements it means.
struct TensorCase: CustomTestStringConvertible, Sendable {
    let name: String
    let type: ElementType
    let wire: WireBytes
    let dimensions: [Int]
    var bytes: [UInt8] = []
    var strings: [String] = []

    var testDescription: String { name }

    init<Scalar: BitwiseCopyable>(
        _ name: String,
        _ type: ElementType,
        _ dimensions: [Int],
        _ scalars: [Scalar],
        _ wire: (WireBytes) -> WireBytes
    ) {
        self.init(name, type, dimensions, wire)
        bytes = scalars.withUnsafeBytes { Array($0) }
    }

    init(
        _ name: String,
        strings: [String],
        _ dimensions: [Int],
        _ wire: (WireBytes) -> WireBytes
    ) {
        self.init(name, .string, dimensions, wire)
        self.strings = strings
    }

    private init(_ name: String, _ type: ElementType, _ dimensions: [Int], _ wire: (WireBytes) -> WireBytes) {
        self.name = name
        self.type = type
        self.dimensions = dimensions
        self.wire = wire(WireBytes().number(1, UInt64(type.rawValue)).shape(dimensions.map(Int64.init)))
    }
}

private let fixedWidth: [TensorCase] = [
    TensorCase("float_val packed", .float32, [3], [1, -2, 5.5] as [Float]) { $0.floats(5, [1, -2, 5.5]) },
    TensorCase("float_val one by one", .float32, [2], [1, 2] as [Float]) { $0.fixed32(5, 1).fixed32(5, 2) },
    TensorCase("float_val mixed", .float32, [4], [1, 2, 3, 4] as [Float]) {
        $0.fixed32(5, 1).floats(5, [2, 3]).fixed32(5, 4)
    },
    TensorCase("float_val in two runs", .float32, [4], [1, 2, 3, 3] as [Float]) {
        $0.floats(5, [1]).floats(5, [2, 3])
    },
    TensorCase("float_val with an empty run before", .float32, [2], [1, 2] as [Float]) {
        $0.floats(5, []).floats(5, [1, 2])
    },
    TensorCase("float_val repeats the last", .float32, [2, 3], [7, 8, 8, 8, 8, 8] as [Float]) { $0.floats(5, [7, 8]) },
    TensorCase("float_val absent", .float32, [3], [0, 0, 0] as [Float]) { $0 },
    TensorCase("float_val too long", .float32, [1], [1] as [Float]) { $0.floats(5, [1, 2, 3]) },
    TensorCase("float_val too long, in two runs", .float32, [3], [1, 2, 3] as [Float]) {
        $0.floats(5, [1, 2]).floats(5, [3, 4])
    },
    TensorCase("scalar", .float32, [], [9] as [Float]) { $0.floats(5, [9]) },
    TensorCase("zero-size", .float32, [2, 0, 3], [] as [Float]) { $0.floats(5, [9]) },
    TensorCase("zero-size with tensor_content", .float32, [0], [] as [Float]) { $0.bytes(4, [1, 2, 3]) },
    TensorCase("tensor_content", .float32, [1], [1] as [Float]) { $0.bytes(4, [0, 0, 0x80, 0x3f]) },
    TensorCase("tensor_content wins", .float32, [1], [1] as [Float]) {
        $0.bytes(4, [0, 0, 0x80, 0x3f]).floats(5, [7])
    },
    TensorCase("tensor_content empty", .float32, [1], [7] as [Float]) { $0.bytes(4, []).floats(5, [7]) },
    TensorCase("last tensor_content wins", .uint8, [2], [3, 4] as [UInt8]) { $0.bytes(4, [1, 2]).bytes(4, [3, 4]) },
    TensorCase("values of another type", .float32, [2], [0, 0] as [Float]) { $0.numbers(7, [1, 2]) },
    TensorCase("values of another type besides", .float32, [2], [1, 2] as [Float]) {
        $0.numbers(7, [9]).floats(5, [1, 2]).string(8, "no")
    },
    TensorCase("double_val", .float64, [2], [1.5, -3] as [Double]) { $0.fixed64(6, 1.5).fixed64(6, -3) },
    TensorCase("double_val repeats", .float64, [3], [1.5, 1.5, 1.5] as [Double]) { $0.fixed64(6, 1.5) },
    TensorCase("scomplex_val", .complex64, [2], [1, 2, 3, 4] as [Float]) { $0.floats(9, [1, 2, 3, 4]) },
    TensorCase("scomplex_val repeats", .complex64, [3], [1, 2, 1, 2, 1, 2] as [Float]) { $0.floats(9, [1, 2]) },
    TensorCase("scomplex_val with half a number", .complex64, [2], [1, 2, 1, 2] as [Float]) {
        $0.floats(9, [1, 2, 3])
    },
    TensorCase("scomplex_val one by one", .complex64, [2], [1, 2, 3, 4] as [Float]) {
        $0.fixed32(9, 1).fixed32(9, 2).fixed32(9, 3).fixed32(9, 4)
    },
    TensorCase("dcomplex_val", .complex128, [2], [1, 2, 1, 2] as [Double]) { $0.fixed64(12, 1).fixed64(12, 2) },
    TensorCase("float8_val", .float8E5M2, [2], [0x3c, 0x40] as [UInt8]) { $0.bytes(18, [0x3c, 0x40]) },
    TensorCase("float8_val repeats", .float8E4M3FN, [3], [1, 2, 2] as [UInt8]) { $0.bytes(18, [1, 2]) },
    TensorCase("unknown_rank", .float32, [1], [4] as [Float]) { $0.message(2) { $0.number(3, 1) }.floats(5, [4]) },
    TensorCase("dims with names", .float32, [2], [4, 4] as [Float]) { _ in
        WireBytes().number(1, 1).message(2) { $0.message(2) { $0.string(2, "batch").number(1, 2) } }.floats(5, [4])
    },
    TensorCase("no shape", .float32, [], [4] as [Float]) { _ in WireBytes().number(1, 1).floats(5, [4, 5]) },
    TensorCase("seven dims", .uint8, [1, 1, 1, 1, 1, 1, 2], [8, 9] as [UInt8]) { $0.numbers(7, [8, 9]) },
]

private let varints: [TensorCase] = [
    TensorCase("int_val", .int32, [3], [1, -1, .max] as [Int32]) { $0.numbers(7, [1, -1, Int64(Int32.max)]) },
    TensorCase("int_val one by one", .int32, [3], [1, -1, -1] as [Int32]) { $0.number(7, 1).number(7, .max) },
    TensorCase("int_val mixed", .int32, [4], [1, 2, 3, 4] as [Int32]) {
        $0.number(7, 1).numbers(7, [2, 3]).number(7, 4)
    },
    TensorCase("int_val in runs, too long", .int32, [3], [1, 2, 3] as [Int32]) {
        $0.numbers(7, [1, 2]).numbers(7, [3, 4]).number(7, 5)
    },
    TensorCase("int_val repeats", .int32, [4], [5, 6, 6, 6] as [Int32]) { $0.numbers(7, [5, 6]) },
    TensorCase("int_val cut to 8 bits", .uint8, [3], [44, 255, 7] as [UInt8]) { $0.numbers(7, [300, -1, 7]) },
    TensorCase("int8", .int8, [2], [-128, 127] as [Int8]) { $0.numbers(7, [-128, 127]) },
    TensorCase("int16", .int16, [2], [-32768, 32767] as [Int16]) { $0.numbers(7, [-32768, 32767]) },
    TensorCase("uint16", .uint16, [2], [65535, 0] as [UInt16]) { $0.numbers(7, [65535, 65536]) },
    TensorCase("qint8", .qint8, [2], [-1, 1] as [Int8]) { $0.numbers(7, [-1, 1]) },
    TensorCase("quint8", .quint8, [1], [255] as [UInt8]) { $0.numbers(7, [255]) },
    TensorCase("qint16", .qint16, [1], [-2] as [Int16]) { $0.numbers(7, [-2]) },
    TensorCase("quint16", .quint16, [1], [9] as [UInt16]) { $0.numbers(7, [9]) },
    TensorCase("qint32", .qint32, [1], [-5] as [Int32]) { $0.numbers(7, [-5]) },
    TensorCase("int64", .int64, [3], [.min, -1, .max] as [Int64]) { $0.numbers(10, [.min, -1, .max]) },
    TensorCase("uint32", .uint32, [2], [.max, 1] as [UInt32]) { $0.numbers(16, [Int64(UInt32.max), 1]) },
    TensorCase("uint64", .uint64, [2], [.max, 1] as [UInt64]) { $0.numbers(17, [-1, 1]) },
    TensorCase("bool_val", .bool, [4], [1, 0, 1, 1] as [UInt8]) { $0.numbers(11, [1, 0, 300]) },
    TensorCase("bool_val one by one", .bool, [2], [0, 1] as [UInt8]) { $0.number(11, 0).number(11, 1) },
    TensorCase("bool_val absent", .bool, [2], [0, 0] as [UInt8]) { $0 },
    TensorCase("half", .float16, [2], [0x3c00, 0x4000] as [UInt16]) { $0.numbers(13, [0x3c00, 0x4000]) },
    TensorCase("bfloat16", .bfloat16, [2], [0x3f80, 0x3f80] as [UInt16]) { $0.numbers(13, [0x3f80]) },
    TensorCase("overlong varints", .int32, [2], [1, 2] as [Int32]) {
        $0.bytes(7, [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x82, 0x00])
    },
    TensorCase("dtype after values", .int32, [2], [1, 2] as [Int32]) { _ in
        WireBytes().numbers(7, [1, 2]).shape([2]).number(1, 3)
    },
]

private let stringCases: [TensorCase] = [
    TensorCase("string_val", strings: ["a", "", "long enough not to be small"], [3]) {
        $0.string(8, "a").string(8, "").string(8, "long enough not to be small")
    },
    TensorCase("string_val repeats", strings: ["a", "b", "b"], [3]) { $0.string(8, "a").string(8, "b") },
    TensorCase("string_val absent", strings: ["", ""], [2]) { $0 },
    TensorCase("string_val too long", strings: ["a"], [1]) { $0.string(8, "a").string(8, "b") },
    TensorCase("string_val among others", strings: ["a", "b"], [2]) {
        $0.string(8, "a").numbers(7, [1]).string(8, "b")
    },
    TensorCase("string scalar", strings: ["a"], []) { $0.string(8, "a") },
    TensorCase("no strings", strings: [], [0]) { $0.string(8, "a") },
    TensorCase("strings in tensor_content", strings: ["ab", "", "c"], [3]) {
        $0.bytes(4, [2, 0, 1] + Array("abc".utf8))
    },
]

@Suite struct TensorDecodingTests {
    @Test(arguments: fixedWidth + varints + stringCases)
    func `every representation is read as TensorFlow reads it`(_ tensor: TensorCase) throws {
        let decoded = try decode(WireBytes.request { _ in tensor.wire }).inputs[0].tensor
        #expect(decoded.elementType == tensor.type)
        #expect(decoded.shape.dimensions == tensor.dimensions)
        #expect(decoded.withUnsafeBytes { Array($0) } == tensor.bytes)
        #expect(decoded.stringValues() == tensor.strings.map { Array($0.utf8) })
    }

    @Test(arguments: fixedWidth + varints + stringCases)
    func `the generated message means the same`(_ tensor: TensorCase) throws {
        #expect(PredictRequestExercise.disagreement(on: WireBytes.request { _ in tensor.wire }) == nil)
        let message = try Tensorflow_TensorProto(serializedBytes: tensor.wire.bytes)
        #expect(try ReferenceTensor(message).bytes == tensor.bytes)
        #expect(try ReferenceTensor(Tensor(message)) == ReferenceTensor(message))
    }

    @Test func `the cases name every element type`() {
        #expect(Set((fixedWidth + varints + stringCases).map(\.type)) == Set(ElementType.allCases))
    }

    @Test(arguments: [4, 5]) func `dense payloads become views of the message`(_ field: UInt64) throws {
        let request = WireBytes.request { $0.number(1, 1).shape([2]).floats(field, [1, 2]) }
        for misalignment in 0..<4 {
            let message = ReceivedMessage(request, misalignment: misalignment)
            let tensor = try message.decode().inputs[0].tensor
            #expect(tensor.withUnsafeBytes { message.contains($0) })
            let isOwner = tensor.memoryOwner === message
            #expect(isOwner)
            #expect(tensor.scalars(as: Float.self) == [1, 2])
        }
    }

    @Test func `string elements point into the message`() throws {
        let message = ReceivedMessage(
            WireBytes.request { $0.number(1, 7).shape([2]).string(8, "first").string(8, "2nd") }
        )
        let tensor = try message.decode().inputs[0].tensor
        #expect(tensor.withStrings { $0.allSatisfy { message.contains(UnsafeRawBufferPointer($0.bytes)) } })
    }

    @Test func `a tensor keeps its message alive`() throws {
        var message: ReceivedMessage? = ReceivedMessage(WireBytes.request { $0.number(1, 7).shape([1]).string(8, "a") })
        weak let observed = message
        var tensor: Tensor? = try message?.decode().inputs[0].tensor
        message = nil
        #expect(observed != nil)
        #expect(tensor?.stringValues() == [Array("a".utf8)])
        tensor = nil
        #expect(observed == nil)
    }
}
