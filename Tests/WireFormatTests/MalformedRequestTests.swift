import Inference
import ServingPrimitives
import Tensors
import Testing
import WireExercises

@testable import WireFormat

/// Bytes no client should send, and what the answer says about them.
struct MalformedCase: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let text: String

    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], says text: String) {
        self.name = name
        self.bytes = bytes
        self.text = text
    }

    /// A request for model `m` whose input `x` is this TensorProto.
    init(_ name: String, tensor: (WireBytes) -> WireBytes, says text: String) {
        self.init(name, WireBytes.request(tensor), says: text)
    }
}

private let named = WireBytes().message(1) { $0.string(1, "m") }

private let malformed: [MalformedCase] = [
    MalformedCase("nothing", [], says: "Missing ModelSpec"),
    MalformedCase("no model_spec", WireBytes().message(2) { $0.string(1, "x") }.bytes, says: "Missing ModelSpec"),
    MalformedCase("text", Array("GET / HTTP/1.1".utf8), says: "Malformed PredictRequest at byte "),
    MalformedCase("field number 0", named.raw([0x00, 0x01]).bytes, says: "not a field tag"),
    MalformedCase("field number 2^29", named.raw(WireBytes.varint(1 << 32)).raw([1]).bytes, says: "not a field tag"),
    MalformedCase(
        "tag of six bytes",
        named.raw([0xf8, 0x80, 0x80, 0x80, 0x80, 0x00, 1]).bytes,
        says: "not a field tag"
    ),
    MalformedCase("wire type 6", named.raw([0x46]).bytes, says: "not a field tag"),
    MalformedCase("wire type 7", named.raw([0x47]).bytes, says: "not a field tag"),
    MalformedCase("tag cut off", named.raw([0x92]).bytes, says: "the message ends inside a field"),
    MalformedCase("overlong tag", named.raw([UInt8](repeating: 0x80, count: 11)).bytes, says: "after 10 bytes"),
    MalformedCase("length beyond the end", named.raw([0x12, 5, 1]).bytes, says: "beyond the end of the message"),
    MalformedCase(
        "length of 2^64 - 1",
        named.raw([0x12] + WireBytes.varint(.max)).bytes,
        says: "beyond the end of the message"
    ),
    MalformedCase(
        "length of 2^63",
        named.raw([0x12] + WireBytes.varint(1 << 63)).bytes,
        says: "beyond the end of the message"
    ),
    MalformedCase(
        "length of an inner message beyond it",
        named.message(2) { $0.raw([0x0a, 9]) }.bytes,
        says: "beyond"
    ),
    MalformedCase("fixed64 cut off", named.raw([0x79, 1, 2, 3]).bytes, says: "ends inside a field"),
    MalformedCase("fixed32 cut off", named.raw([0x7d, 1]).bytes, says: "ends inside a field"),
    MalformedCase("end of a group alone", named.raw([0x7c]).bytes, says: "start and the end of a group"),
    MalformedCase("group without end", named.raw([0x7b, 0x08, 1]).bytes, says: "ends inside a field"),
    MalformedCase("group with another's end", named.raw([0x7b, 0x74]).bytes, says: "start and the end of a group"),
    MalformedCase(
        "groups nested too deep",
        named.raw([UInt8](repeating: 0x7b, count: 101) + [UInt8](repeating: 0x7c, count: 101)).bytes,
        says: "nested more than 100 deep"
    ),
    MalformedCase(
        "model name not UTF-8",
        WireBytes().message(1) { $0.bytes(1, [0xff]) }.bytes,
        says: "not valid UTF-8"
    ),
    MalformedCase("signature name not UTF-8", named.message(1) { $0.bytes(3, [0xc0, 0x80]) }.bytes, says: "UTF-8"),
    MalformedCase("label not UTF-8", named.message(1) { $0.bytes(4, [0xed, 0xa0, 0x80]) }.bytes, says: "UTF-8"),
    MalformedCase("input name not UTF-8", named.message(2) { $0.bytes(1, [0xe2, 0x82]) }.bytes, says: "UTF-8"),
    MalformedCase("output name not UTF-8", named.bytes(3, [0x80]).bytes, says: "not valid UTF-8"),
    MalformedCase(
        "dim name not UTF-8",
        tensor: { $0.message(2) { $0.message(2) { $0.bytes(2, [0xff]) } } },
        says: "UTF-8"
    ),
    MalformedCase(
        "float_val of 5 bytes",
        tensor: { $0.bytes(5, [1, 2, 3, 4, 5]) },
        says: "not a multiple of the size"
    ),
    MalformedCase("dcomplex_val of 12", tensor: { $0.bytes(12, [UInt8](repeating: 0, count: 12)) }, says: "multiple"),
    MalformedCase("int_val ends inside", tensor: { $0.bytes(7, [1, 0x80]) }, says: "packed values do not end"),
    MalformedCase(
        "overlong varint in int_val",
        tensor: { $0.bytes(7, [UInt8](repeating: 0x80, count: 10) + [1]) },
        says: "packed values do not end"
    ),
    MalformedCase(
        "overlong varint across words of int_val",
        tensor: { $0.bytes(7, [1, 1, 1] + [UInt8](repeating: 0x80, count: 10) + [1, 1, 1, 1, 1, 1]) },
        says: "packed values do not end"
    ),

    MalformedCase("no dtype", tensor: { $0.shape([1]) }, says: "tensor parsing error: x: dtype 0 is not a type"),
    MalformedCase("resource", tensor: { $0.number(1, 20) }, says: "tensor parsing error: x: dtype 20 is not a type"),
    MalformedCase("reference type", tensor: { $0.number(1, 101) }, says: "x: dtype 101 is not a type"),
    MalformedCase("unknown dtype", tensor: { $0.number(1, 9999) }, says: "x: dtype 9999 is not a type"),
    MalformedCase(
        "dim of -1",
        tensor: { $0.number(1, 1).shape([2, -1]).floats(5, [1]) },
        says: "tensor parsing error: x: dimension 1 is -1; expected 0 or more"
    ),
    MalformedCase(
        "dim of -1 in an empty tensor",
        tensor: { $0.number(1, 1).shape([0, -1]) },
        says: "x: dimension 1 is -1; expected 0 or more"
    ),
    MalformedCase(
        "product overflows",
        tensor: { $0.number(1, 1).shape([1 << 32, 1 << 32]).floats(5, [1]) },
        says: "x: the product of the dimensions overflows"
    ),
    MalformedCase(
        "byte count overflows",
        tensor: { $0.number(1, 2).shape([1 << 61]) },
        says: "needs more than 2^63 bytes"
    ),
    MalformedCase("255 dims", tensor: { $0.number(1, 1).shape([Int64](repeating: 1, count: 255)) }, says: "254 dim"),
    MalformedCase(
        "terabytes of zeros",
        tensor: { $0.number(1, 1).shape([1 << 40]) },
        says: "tensor parsing error: x: shape [1099511627776] needs 4398046511104 bytes, but fewer values"
    ),
    MalformedCase("terabytes of ones", tensor: { $0.number(1, 3).shape([1 << 40]).numbers(7, [1]) }, says: "filled in"),
    MalformedCase(
        "terabytes of strings",
        tensor: { $0.number(1, 7).shape([1 << 40]).string(8, "") },
        says: "filled in"
    ),
    MalformedCase("terabytes of 8-bit floats", tensor: { $0.number(1, 24).shape([1 << 40]) }, says: "filled in"),
    MalformedCase(
        "tensor_content too short",
        tensor: { $0.number(1, 1).shape([3]).bytes(4, [UInt8](repeating: 0, count: 8)) },
        says: "x: 8 bytes do not make a float tensor of shape [3], which needs 12"
    ),
    MalformedCase(
        "tensor_content too long",
        tensor: { $0.number(1, 1).bytes(4, [UInt8](repeating: 0, count: 8)) },
        says: "x: 8 bytes do not make a float tensor of shape [], which needs 4"
    ),
    MalformedCase(
        "fewer lengths than strings in tensor_content",
        tensor: { $0.number(1, 7).shape([9]).bytes(4, [1, 97]) },
        says: "x: tensor_content has 2 bytes, too few for 9 strings"
    ),
    MalformedCase(
        "lengths of strings do not add up",
        tensor: { $0.number(1, 7).shape([2]).bytes(4, [1, 2, 97, 97]) },
        says: "x: tensor_content does not hold 2 strings"
    ),
    MalformedCase(
        "bytes after the last string",
        tensor: { $0.number(1, 7).shape([1]).bytes(4, [1, 97, 97]) },
        says: "x: tensor_content does not hold 1 strings"
    ),
]

@Suite struct MalformedRequestTests {
    @Test(arguments: malformed)
    func `malformed requests are refused with their reason`(_ request: MalformedCase) throws {
        let error = try #require(throws: ServingError.self) { try decode(request.bytes) }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains(request.text), "\(error.message)")
    }

    @Test(arguments: malformed)
    func `the generated message refuses them, too`(_ request: MalformedCase) {
        #expect(PredictRequestExercise.disagreement(on: request.bytes) == nil)
    }

    @Test func `the limit of filled-in bytes is for all inputs together`() throws {
        let large = { (tensor: WireBytes) in tensor.number(1, 1).shape([10 << 20]) }
        func request(_ names: [String]) -> [UInt8] {
            names.reduce(named) { request, name in request.message(2) { $0.string(1, name).message(2, large) } }.bytes
        }
        #expect(try decode(request(["a"])).inputs[0].tensor.byteCount == 40 << 20)
        let error = try #require(throws: ServingError.self) { try decode(request(["a", "b"])) }
        #expect(error.message.hasPrefix("tensor parsing error: b: shape [10485760] needs 41943040 bytes"))
    }

    @Test func `too many names are refused`() throws {
        let name = { (index: Int) in WireBytes().string(1, String(index)).message(2) { $0.number(1, 1) }.bytes }
        let most = (0..<65_536).reduce(into: named.bytes) { $0 += WireBytes().bytes(2, name($1)).bytes }
        #expect(try decode(most).inputs.count == 65_536)
        let error = try #require(throws: ServingError.self) {
            try decode(most + WireBytes().bytes(2, name(65_536)).bytes)
        }
        #expect(error.message.contains("more than 65536 inputs"))
    }
}
