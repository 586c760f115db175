import Inference
import Servables
import ServingPrimitives
import Tensors
import Testing

@testable import WireFormat

/// What a server sends to another one, and what comes back.
@Suite struct PredictMessageRoundTripTests {
    private final class NoModel: Servable {}

    private static func tensors() throws -> [NamedTensor] {
        [
            NamedTensor(name: "id", tensor: try Tensor(.int64, .vector(3), scalars: [1, -7, 1 << 62] as [Int64])),
            NamedTensor(name: "none", tensor: try Tensor(.float32, TensorShape([0, 4]), scalars: [] as [Float])),
            NamedTensor(name: "text", tensor: try Tensor(.vector(2), strings: [[0x61], []])),
        ]
    }

    private static func decode(response bytes: [UInt8]) throws(ServingError) -> [NamedTensor] {
        let decoded: Result<[NamedTensor], ServingError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try PredictResponseDecoder.decode(copying: bytes) }
        }
        return try decoded.get()
    }

    private static func response(_ encoding: TensorEncoding) throws -> [UInt8] {
        let lease = ServableLease(id: ServableID(name: "m", version: 3), servable: NoModel()) {}
        let result = PredictResult(signatureName: "s", outputs: try tensors(), lease: lease)
        let encoder = try PredictResponseEncoder(result, encoding: encoding)
        var bytes = [UInt8](repeating: 0xee, count: encoder.byteCount)
        bytes.withUnsafeMutableBytes { encoder.write(into: $0) }
        return bytes
    }

    @Test(arguments: [TensorEncoding.typedFields, .content])
    func `a request is read as it was written, behind its five bytes`(encoding: TensorEncoding) throws {
        let selector = ModelSelector(name: "m:ps_0", version: .specific(4), signatureName: "raw_lookup")
        let call = PredictCall(model: selector, inputs: try Self.tensors(), outputFilter: ["b", "a"])
        let bytes = try PredictRequestEncoder(call, encoding: encoding).framed()
        #expect(Array(bytes[..<5]) == [0] + withUnsafeBytes(of: UInt32(bytes.count - 5).bigEndian) { Array($0) })
        let read = try WireFormatTests.decode(Array(bytes[5...]))
        #expect(read.model == selector)
        #expect(read.outputFilter == ["b", "a"])
        try Self.check(read.inputs)
    }

    @Test(arguments: [TensorEncoding.typedFields, .content])
    func `an answer is read as it was written`(encoding: TensorEncoding) throws {
        try Self.check(try Self.decode(response: try Self.response(encoding)))
    }

    @Test(arguments: 0..<70) func `an answer's first tensor is aligned wherever its message lies`(padding: Int) throws {
        let values = (0..<40).map { Float($0) }
        let name = String(repeating: "n", count: padding)
        let answer = WireBytes().message(2) { $0.string(1, "m") }.message(1) {
            $0.string(1, name).message(2) {
                $0.number(1, 1).shape([40]).bytes(4, values.withUnsafeBytes { Array($0) })
            }
        }
        let tensor = try #require(try Self.decode(response: answer.bytes).first?.tensor)
        #expect(tensor.scalars(as: Float.self) == values)
        #expect(tensor.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } & (TensorBuffer.alignment - 1) == 0)
    }

    private static func check(_ tensors: [NamedTensor]) throws {
        #expect(tensors.map(\.name) == ["id", "none", "text"])
        #expect(tensors[0].tensor.scalars(as: Int64.self) == [1, -7, 1 << 62])
        let none = try TensorShape([0, 4])
        #expect(tensors[1].tensor.shape == none)
        #expect(tensors[2].tensor.stringValues() == [[0x61], []])
    }

    @Test func `an answer that ends early is refused, wherever it ends`() throws {
        let bytes = try Self.response(.content)
        var refused = 0
        for count in 1..<bytes.count {
            do throws(ServingError) {
                _ = try Self.decode(response: Array(bytes[..<count]))
            } catch {
                #expect(error.code == .invalidArgument)
                refused += 1
            }
        }
        // Only between two of the four fields it may end.
        #expect(refused == bytes.count - 1 - 3)
    }

    @Test func `an answer without outputs has none`() throws {
        #expect(try Self.decode(response: []).isEmpty)
    }
}
