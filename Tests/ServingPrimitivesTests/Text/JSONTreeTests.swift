import ServingPrimitives
import Testing

@Suite struct JSONTreeTests {
    @Test(
        arguments: [
            ("null", .null), (" true\n", .bool(true)), ("false", .bool(false)), ("0", .number("0")),
            ("-1.5e+3", .number("-1.5e+3")),
            ("\"\"", .string("")), (#""a\"\\\/\b\f\n\r\tz""#, .string("a\"\\/\u{8}\u{C}\n\r\tz")),
            (#""\u00e9\uD83D\ude00é""#, .string("é😀é")), ("[]", .array([])),
            ("[1, [2]]", .array([.number("1"), .array([.number("2")])])),
            ("{}", .object([:])),
            (#"{"a" : 1 , "b": {"": null}}"#, .object(["a": .number("1"), "b": .object(["": .null])])),
            (#"{"a": 1, "a": 2}"#, .object(["a": .number("2")])),
        ] as [(String, JSONTree)]
    )
    func `documents are read`(_ text: String, _ tree: JSONTree) { #expect(JSONTree(Array(text.utf8)) == tree) }

    @Test(
        arguments: [
            "", " ", "nul", "nulls", "tru", "1 2", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity",
            "[1,]", "[,1]",
            "[1 2]", "[", "]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "\"", "\"\\\"", "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"", "\"\\ude00\"", "\"\\ud800\\u0041\"", "\"\\u+123\"", "\"\n\"", "'a'", "[1]]", "//",
        ]
    )
    func `what is no document is refused`(_ text: String) { #expect(JSONTree(Array(text.utf8)) == nil) }

    @Test func `depth and encoding are checked`() {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(JSONTree(nested(100)) != nil)
        #expect(JSONTree(nested(101)) == nil)
        #expect(JSONTree(nested(100_000)) == nil)
        #expect(JSONTree([0x22, 0xFF, 0x22]) == nil)
        #expect(JSONTree([0x22, 0xED, 0xA0, 0x80, 0x22]) == nil)
    }

    @Test(
        arguments: [
            ("1", 1), ("-9223372036854775808", .min), ("9223372036854775808", nil), ("1e3", 1000), ("1.5", nil),
            ("\"17\"", 17),
            ("\"a\"", nil), ("true", nil), ("null", nil), ("1e400", nil),
        ] as [(String, Int64?)]
    )
    func `whole numbers are found`(_ text: String, _ number: Int64?) {
        #expect(JSONTree(Array(text.utf8))?.integer == number)
    }
}
