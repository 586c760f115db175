import FoundationEssentials
import NIOCore
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing

@testable import FrontendREST

/// Rules and texts of TensorFlow Serving's `json_tensor.cc`.
@Suite struct ExampleRequestParserTests {
    private func parse(_ body: String) throws(ServingError) -> ParsedExampleRequest {
        let bytes = ByteBuffer(string: body)
        return try bytes.withUnsafeReadableBytes { bytes throws(ServingError) in try ExampleRequestParser.parse(bytes) }
    }

    private func examples(_ body: String) throws -> [Tensorflow_Example] {
        try parse(body).examples.stringValues().map { try Tensorflow_Example(serializedBytes: $0) }
    }

    private func feature(_ value: String) throws -> Tensorflow_Feature? {
        let example = try #require(try examples(#"{"examples": [{"f": \#(value)}]}"#).first)
        return example.features.feature["f"]
    }

    @Test(
        arguments: [
            ("1", [1]), ("-1", [-1]), ("[2, 3]", [2, 3]), ("true", [1]), ("[false, true, 5]", [0, 1, 5]),
            ("9223372036854775807", [.max]), ("-9223372036854775808", [.min]),
        ] as [(String, [Int64])]
    )
    func `integers and truth values are int64`(value: String, expected: [Int64]) throws {
        #expect(try feature(value) == .with { $0.int64List.value = expected })
    }

    @Test(
        arguments: [
            ("1.0", [1]), ("[1.5, 2e0]", [1.5, 2]), ("1e39", [.infinity]), ("[-Infinity]", [-.infinity]),
            ("18446744073709551616", [18_446_744_073_709_551_616]), ("0.1", [0.1]),
        ] as [(String, [Float])]
    )
    func `numbers with a fraction or an exponent are floats`(value: String, expected: [Float]) throws {
        #expect(try feature(value) == .with { $0.floatList.value = expected })
    }

    @Test(
        arguments: [
            (#""text""#, ["text"]), (#"["a", "", "\u00e4\n"]"#, ["a", "", "ä\n"]), (#"{"b64": "aGk="}"#, ["hi"]),
            (#"[{"b64": "aGk"}, "x"]"#, ["hi", "x"]),
        ] as [(String, [String])]
    )
    func `strings and base64 are bytes`(value: String, expected: [String]) throws {
        #expect(try feature(value) == .with { $0.bytesList.value = expected.map { .init($0.utf8) } })
    }

    @Test func `an empty list is a feature without kind, an empty object an example without features`() throws {
        #expect(try feature("[]")?.kind == nil)
        #expect(try examples(#"{"examples": [{}, {}]}"#) == [.init(), .init()])
    }

    @Test func `a context stands in front of every example, wherever it is in the document`() throws {
        for body in [
            #"{"context": {"c": "shared"}, "examples": [{"x": 1}, {"x": 2}]}"#,
            #"{"examples": [{"x": 1}, {"x": 2}], "context": {"c": "shared"}}"#,
        ] {
            let merged = try examples(body)
            #expect(merged.map { $0.features.feature["x"]?.int64List.value } == [[1], [2]])
            #expect(merged.allSatisfy { $0.features.feature["c"]?.bytesList.value == [.init("shared".utf8)] })
        }
    }

    @Test func `of repeated keys the first counts, of repeated features the last`() throws {
        let body = #"{"signature_name": "a", "signature_name": "b", "examples": [{"x": 1, "x": 2}], "examples": 5}"#
        #expect(try parse(body).signatureName == "a")
        #expect(try examples(body).map { $0.features.feature["x"]?.int64List.value } == [[2]])
    }

    @Test func `the signature may be left out, other keys are ignored`() throws {
        #expect(try parse(#"{"other": [{}], "examples": [{"x": 1}]} trailing"#).signatureName == "")
    }

    private static let quoted = "{\n    \"signature_name\": \"s\"\n}"

    @Test(arguments: [
        ("", "JSON Parse error: The document is empty"),
        ("{\"examples\": [", "JSON Parse error: Invalid value. at offset: 14"),
        ("[1]", "JSON Value: [1] Is not object"),
        (
            #"{"signature_name": 1}"#,
            "JSON Value: {\n    \"signature_name\": 1\n} not formatted correctly. 'signature_name' key must be a string "
                + "value."
        ),
        (
            #"{"signature_name": "s"}"#,
            "JSON Value: \(quoted) When method is classify, key 'examples' is expected and was not found"
        ),
        (
            #"{"examples": {}}"#,
            "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array"
        ),
        (#"{"examples": []}"#, "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array"),
        (#"{"examples": [[1]]}"#, "Example must be JSON object but got JSON Array"),
        (#"{"examples": [{}, 1]}"#, "Example must be JSON object but got JSON Number"),
        (#"{"examples": [null]}"#, "Example must be JSON object but got JSON Null"),
        (#"{"examples": [{"x": 1}], "context": []}"#, "Example must be JSON object but got JSON Array"),
        (#"{"examples": [{"f": [1, 2.0]}]}"#, "Unexpected element type in feature: f expecting type: int64"),
        (#"{"examples": [{"f": [2.0, 1]}]}"#, "Unexpected element type in feature: f expecting type: float"),
        (#"{"examples": [{"f": ["a", true]}]}"#, "Unexpected element type in feature: f expecting type: bytes"),
        (#"{"examples": [{"f": [1, {"b64": "*"}]}]}"#, "Unexpected element type in feature: f expecting type: int64"),
        (
            #"{"examples": [{"f": [1.5, 18446744073709551615]}]}"#,
            "Unexpected element type in feature: f expecting type: float"
        ),
        (#"{"examples": [{"f": null}]}"#, "Feature: f has element with unexpected JSON type: Null"),
        (#"{"examples": [{"f": [[1]]}]}"#, "Feature: f has element with unexpected JSON type: Array"),
        (#"{"examples": [{"f": {"a": 1}}]}"#, "Feature: f has element with unexpected JSON type: Object"),
        (#"{"examples": [{"f": {"b64": 1}}]}"#, "Feature: f has element with unexpected JSON type: Object"),
        (
            #"{"examples": [{"f": 9223372036854775808}]}"#,
            "Feature: f has uint64_t element. Only int64_t is supported."
        ),
        (#"{"examples": [{"f": {"b64": "*"}}]}"#, "Unable to base64 decode"),
        // The order of TensorFlow Serving's checks, not that of the document.
        (
            #"{"examples": [{"f": null}], "context": {"g": null}}"#,
            "Feature: g has element with unexpected JSON type: Null"
        ),
        (#"{"context": {"g": null}, "signature_name": "s"}"#, "Feature: g has element with unexpected JSON type: Null"),
        (#"{"examples": [{"f": [1, 2.0]}], "context": {"f": 2.0}}"#, "Unexpected element type in feature: f"),
        (#"{"examples": [null], "x": }"#, "JSON Parse error: Invalid value. at offset: 26"),
    ])
    func `what is refused and why`(body: String, text: String) {
        let error = #expect(throws: ServingError.self) { try parse(body) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix(text) == true, "\(error?.message ?? "")")
    }

    @Test func `a context may not multiply`() {
        let context = String(repeating: "x", count: 1 << 20)
        let examples = String(repeating: "{},", count: 999) + "{}"
        let error = #expect(throws: ServingError.self) {
            try parse(#"{"context": {"c": "\#(context)"}, "examples": [\#(examples)]}"#)
        }
        #expect(error?.message.hasPrefix("Cannot read the examples: a context of 10485") == true)
    }
}
