import EngineInterface
import Inference
import ServingPrimitives
import Tensors
import Testing

@testable import FrontendREST

@Suite struct PredictRequestParserTests {
    // MARK: What is read

    @Test func `rows of one input get a batch dimension`() throws {
        let request = try parse(#"{"instances": [[1, 2.5], [3e0, -4]]}"#, .x(.float32))
        #expect(request.form == .rows)
        #expect(request.inputs.map(\.name) == ["x"])
        #expect(request.inputs[0].tensor.shape.dimensions == [2, 2])
        #expect(request.inputs[0].tensor.scalars(as: Float.self) == [1, 2.5, 3, -4])
    }

    @Test(arguments: [
        (#"{"instances": [1, 2, 3]}"#, [3]), (#"{"instances": [[[1], [2]]]}"#, [1, 2, 1]),
        (#"{"instances": [[], []]}"#, [2, 0]), (#"{"instances": [[[]], [[]]]}"#, [2, 1, 0]),
        (#"{"inputs": 5}"#, []), (#"{"inputs": [1, 2]}"#, [2]), (#"{"inputs": []}"#, [0]),
        (#"{"inputs": [[1, 2, 3], [4, 5, 6]]}"#, [2, 3]), (#"{"inputs": {"x": [[1]]}}"#, [1, 1]),
        (#"{"instances": [{"x": 1}, {"x": 2}]}"#, [2]), (#"{"instances": [{"x": [1, 2]}]}"#, [1, 2]),
    ])
    func `shapes follow the nesting`(_ body: String, _ shape: [Int]) throws {
        #expect(try parse(body, .x(.float32)).inputs[0].tensor.shape.dimensions == shape)
    }

    @Test func `every readable type is read`() throws {
        func scalars<T: BitwiseCopyable>(_ type: ElementType, _ list: String, as: T.Type) throws -> [T] {
            try parse(#"{"instances": \#(list)}"#, .x(type)).inputs[0].tensor.scalars(as: T.self)
        }
        #expect(try scalars(.float32, "[1, 2.5, -3e2]", as: Float.self) == [1, 2.5, -300])
        #expect(try scalars(.float64, "[0.1, 1e300]", as: Double.self) == [0.1, 1e300])
        #expect(try scalars(.int32, "[2147483647, -2147483648]", as: Int32.self) == [.max, .min])
        #expect(try scalars(.int16, "[70000, -1]", as: Int16.self) == [4464, -1])
        #expect(try scalars(.int8, "[127, 128]", as: Int8.self) == [127, -128])
        #expect(try scalars(.uint8, "[255, 300, -1]", as: UInt8.self) == [255, 44, 255])
        #expect(try scalars(.int64, "[9223372036854775807, -1]", as: Int64.self) == [.max, -1])
        #expect(try scalars(.uint32, "[4294967295, 0]", as: UInt32.self) == [.max, 0])
        #expect(try scalars(.uint64, "[18446744073709551615]", as: UInt64.self) == [.max])
        #expect(try scalars(.bool, "[true, false]", as: UInt8.self) == [1, 0])
    }

    @Test func `numbers beyond all bounds are read as infinities`() throws {
        let request = try parse(#"{"instances": [NaN, Infinity, -Infinity, 1e39]}"#, .x(.float32))
        let values = request.inputs[0].tensor.scalars(as: Float.self)
        #expect(values[0].isNaN && values[1...] == [.infinity, -.infinity, .infinity])
    }

    @Test func `strings and base64 objects are read`() throws {
        let body = #"{"instances": ["a\u00e9", {"b64": "AAH/"}, "", {"b64": "AA"}]}"#
        let tensor = try parse(body, .x(.string)).inputs[0].tensor
        #expect(tensor.stringValues() == [Array("aé".utf8), [0, 1, 255], [], [0]])
        let whole = try parse(#"{"inputs": {"b64": "aGk="}}"#, .x(.string)).inputs[0].tensor
        #expect(whole.shape.rank == 0 && whole.stringValues() == [Array("hi".utf8)])
    }

    @Test func `named inputs are read in any order and the first of repeated keys counts`() throws {
        let body = #"{"instances": [{"a": 1, "b": "x"}, {"b": "y", "a": 2, "a": "no"}], "instances": 7}"#
        let request = try parse(body, .ab)
        #expect(request.inputs.map(\.name) == ["a", "b"])
        #expect(request.inputs[0].tensor.scalars(as: Int64.self) == [1, 2])
        #expect(request.inputs[1].tensor.stringValues() == [Array("x".utf8), Array("y".utf8)])
    }

    @Test func `columns may differ in their first dimension and unknown names are ignored`() throws {
        let request = try parse(#"{"inputs": {"b": "z", "c": [[]], "a": [1, 2, 3]}}"#, .ab)
        #expect(request.form == .columns)
        #expect(request.inputs.map(\.tensor.shape.dimensions) == [[3], []])
    }

    @Test(arguments: [
        #"{"signature_name": "s", "instances": [1]}"#, #"{"instances": [1], "signature_name": "s"}"#,
        #"{"instances": ["not for the default signature"], "signature_name": "t"}"#,
    ])
    func `the signature's name may stand anywhere`(_ body: String) throws {
        var names: [String] = []
        let request = try PredictRequestParser.parse(body) { name in
            names.append(name)
            return .x(name == "t" ? .string : .float32)
        }
        #expect(names.last == request.signatureName)
        #expect(["s", "t"].contains(request.signatureName))
    }

    @Test func `trailing text and other keys are ignored`() throws {
        let body = "\u{FEFF} {\"other\": {\"deep\": [[{}]]}, \"instances\": [1]} and so on"
        #expect(try parse(body, .x(.float32)).inputs[0].tensor.shape.dimensions == [1])
    }

    @Test func `a large tensor is read whole`() throws {
        let values = (0..<20_000).map { Float($0) / 8 }
        let rows = values.map { "[\($0)]" }.joined(separator: ", ")
        let tensor = try parse(#"{"instances": [\#(rows)]}"#, .x(.float32)).inputs[0].tensor
        #expect(tensor.shape.dimensions == [20_000, 1])
        #expect(tensor.scalars(as: Float.self) == values)
    }

    // MARK: Faults

    struct Fault: Sendable, CustomTestStringConvertible {
        var body: String
        var signature: Signature = .x(.float32)
        var code: CanonicalCode = .invalidArgument
        var message: String
        var testDescription: String { message }
    }

    static let documentFaults = [
        Fault(body: "", message: "JSON Parse error: The document is empty"),
        Fault(body: " ", message: "JSON Parse error: The document is empty. at offset: 1"),
        Fault(
            body: #"{"instances": [1, 2"#,
            message: "JSON Parse error: Missing a comma or ']' after an array element. at offset: 19"
        ),
        // JSON comes before everything else.
        Fault(
            body: #"{"instances": ["a"], "signature_name": 5, "x": tru}"#,
            message: "JSON Parse error: Invalid value. at offset: 50"
        ),
        Fault(body: "[1, 2]", message: "JSON Value: [1, 2] Is not object"),
        Fault(body: "3.5", message: "JSON Value: 3.5 Is not object"),
        Fault(
            body: #"{"signature_name": 5, "instances": ["a"]}"#,
            message:
                "JSON Value: {\n    \"signature_name\": 5,\n    \"instances\": [\"a\"]\n} not formatted correctly. "
                + "'signature_name' key must be a string value."
        ),
        Fault(
            body: #"{"inputs": 1, "instances": ["a"]}"#,
            message: "JSON Value: {\n    \"inputs\": 1,\n    \"instances\": [\"a\"]\n} Not formatted correctly "
                + "expecting only one of 'inputs' or 'instances' keys to exist "
        ),
        Fault(body: "{}", message: "Missing 'inputs' or 'instances' key"),
        Fault(
            body: #"{"instances": 5}"#,
            message: "JSON Value: {\n    \"instances\": 5\n} Expecting 'instances' to be an list/array"
        ),
        Fault(
            body: #"{"instances": []}"#,
            message: "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"
        ),
        Fault(
            body: #"{"instances": [1]}"#,
            signature: .without,
            message: "Failed to get input map for signature: DEFAULT"
        ),
        Fault(
            body: #"{"instances": [1], "signature_name": "s"}"#,
            signature: .without,
            message: "Failed to get input map for signature: s"
        ),
    ]

    static let rowFaults = [
        Fault(
            body: #"{"instances": [1]}"#,
            signature: .ab,
            message: "instances is a plain list, but expecting list of objects as multiple input tensors required "
                + "as per tensorinfo_map"
        ),
        Fault(
            body: #"{"instances": [{"x": 1}, 2, "c"]}"#,
            message: "Expecting object but got list at item 1 of input list"
        ),
        Fault(
            body: #"{"instances": [1, {"x": 1}]}"#,
            message: "Expecting value/list but got object at item 1 of input list"
        ),
        Fault(
            body: #"{"instances": [{"a": 1}]}"#,
            signature: .ab,
            message: "Failed to process element: 0 of 'instances' list. JSON object: {\n    \"a\": 1\n} keys must be "
                + "equal to: a,b"
        ),
        Fault(
            body: #"{"instances": [{"a": 1, "b": "", "c": 3}]}"#,
            signature: .ab,
            message: "Failed to process element: 0 key: c of 'instances' list. Error: INVALID_ARGUMENT: JSON object: "
                + "does not have named input: c"
        ),
        Fault(
            body: #"{"instances": [{"a": 1, "b": ""}, {"a": "s", "b": ""}]}"#,
            signature: .ab,
            message: "Failed to process element: 1 key: a of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: "
                + "\"s\" Type: String is not of expected type: int64"
        ),
        Fault(
            body: #"{"instances": [[1, 2], [3]]}"#,
            message: "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor "
                + "size: 2 but got: 1"
        ),
        Fault(
            body: #"{"instances": [[1, 2], [[3], [4]]]}"#,
            message: "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [2] "
                + "but got: [2,1]"
        ),
        Fault(
            body: #"{"instances": [1, 2, null, "x"]}"#,
            message: "Failed to process element: 2 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: null "
                + "Type: Null is not of expected type: float"
        ),
        Fault(
            body: #"{"instances": [1, [2]]}"#,
            message: "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] "
                + "but got: [1]"
        ),
        Fault(
            body: #"{"instances": [1]}"#,
            signature: .x(.float16),
            message: "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: Conversion of JSON "
                + "Value: 1 to type: half"
        ),
    ]

    static let columnFaults = [
        Fault(
            body: #"{"inputs": [1]}"#,
            signature: .ab,
            message: "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                + "tensorinfo_map"
        ),
        Fault(body: #"{"inputs": {"a": 1}}"#, signature: .ab, message: "Missing named input: b in 'inputs' object."),
        Fault(body: #"{"inputs": {"b": 5}}"#, signature: .ab, message: "Missing named input: a in 'inputs' object."),
        Fault(body: #"{"inputs": [1, [2]]}"#, message: "Encountered list at unexpected level: 1 expected < 1"),
        Fault(
            body: #"{"inputs": [[1], 2]}"#,
            message: "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"
        ),
        Fault(
            body: #"{"inputs": [[1, 2], [3]]}"#,
            message: "Encountered list at unexpected size: 1 at level: 1 expected size: 2"
        ),
        // The size of a list comes before its elements.
        Fault(
            body: #"{"inputs": [[1, 2], ["a"]]}"#,
            message: "Encountered list at unexpected size: 1 at level: 1 expected size: 2"
        ),
        Fault(
            body: #"{"inputs": [[[1], [2]], [["a"], [3], [4]]]}"#,
            message: "Encountered list at unexpected size: 3 at level: 1 expected size: 2"
        ),
        Fault(
            body: #"{"inputs": [["a", 1], [2]]}"#,
            message: "JSON Value: \"a\" Type: String is not of expected type: float"
        ),
        Fault(body: #"{"inputs": [true]}"#, message: "JSON Value: true Type: True is not of expected type: float"),
        Fault(
            body: #"{"inputs": [1.0]}"#,
            signature: .x(.int32),
            message: "JSON Value: 1.0 Type: Number is not of expected type: int32"
        ),
        Fault(
            body: #"{"inputs": [2147483648]}"#,
            signature: .x(.int8),
            message: "JSON Value: 2147483648 Type: Number is not of expected type: int8"
        ),
        Fault(
            body: #"{"inputs": [-1]}"#,
            signature: .x(.uint64),
            message: "JSON Value: -1 Type: Number is not of expected type: uint64"
        ),
        Fault(
            body: #"{"inputs": ["5"]}"#,
            signature: .x(.int64),
            message: "JSON Value: \"5\" Type: String is not of expected type: int64"
        ),
        Fault(
            body: #"{"inputs": [1]}"#,
            signature: .x(.bool),
            message: "JSON Value: 1 Type: Number is not of expected type: bool"
        ),
        Fault(
            body: #"{"inputs": [{"a": 1}]}"#,
            message: "JSON Value: {\n    \"a\": 1\n} Type: Object is not of expected type: float"
        ),
        Fault(
            body: #"{"inputs": [{"b64": 1}]}"#,
            signature: .x(.string),
            message: "JSON Value: {\n    \"b64\": 1\n} not formatted correctly for base64 data"
        ),
        Fault(body: #"{"inputs": [{"b64": "?"}]}"#, signature: .x(.string), message: "Unable to base64 decode"),
        Fault(
            body: #"{"inputs": [1]}"#,
            signature: .x(.uint16),
            code: .unimplemented,
            message: "Conversion of JSON Value: 1 to type: uint16"
        ),
    ]

    @Test(arguments: documentFaults + rowFaults + columnFaults)
    func `faults have TensorFlow Serving's texts`(_ fault: Fault) {
        #expect(throws: ServingError(fault.code, fault.message)) { try parse(fault.body, fault.signature) }
    }

    @Test func `an unknown model comes before the data`() {
        let notFound = ServingError.notFound("Servable not found for request: Latest(m)")
        #expect(throws: notFound) {
            try PredictRequestParser.parse(#"{"instances": []}"#) { _ throws(ServingError) in throw notFound }
        }
        #expect(throws: notFound) { try PredictRequestParser.parse("{}") { _ throws(ServingError) in throw notFound } }
    }

    @Test(arguments: ["instances", "inputs"])
    func `a tensor of too many dimensions is refused`(_ key: String) {
        let depth = 100_000
        let text = #"{"\#(key)": \#(String(repeating: "[", count: depth))1\#(String(repeating: "]", count: depth))}"#
        #expect(throws: ServingError.self) { try parse(text, .x(.float32)) }
    }

    @Test func `a body cut anywhere is refused without harm`() throws {
        let body = #"{"signature_name": "s", "instances": [{"a": 12, "b": {"b64": "AAEC"}}, {"b": "\u00e9", "a": -7}]}"#
        for length in 0..<body.utf8.count {
            #expect(throws: ServingError.self) { try parse(String(body.prefix(length)), .ab) }
        }
    }

    @discardableResult
    private func parse(_ body: String, _ signature: Signature) throws -> ParsedPredictRequest {
        try PredictRequestParser.parse(body) { _ in signature }
    }
}

extension PredictRequestParser {
    @discardableResult
    static func parse(_ body: String, _ lookup: Lookup) throws -> ParsedPredictRequest {
        try Array(body.utf8).withUnsafeBytes { try parse($0, signature: lookup) }
    }
}

extension Signature {
    static func x(_ type: ElementType) -> Signature { named([("x", type)]) }

    static let ab = named([("a", .int64), ("b", .string)])
    static let without = named([])

    private static func named(_ inputs: [(String, ElementType)]) -> Signature {
        Signature(
            name: "serving_default",
            methodName: "tensorflow/serving/predict",
            inputs: inputs.map { Parameter(name: $0.0, elementType: $0.1, shape: nil, tensorName: "\($0.0):0") },
            outputs: []
        )
    }
}
