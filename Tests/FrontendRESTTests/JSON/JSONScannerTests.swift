import Testing

@testable import FrontendREST

/// Expected faults and offsets were recorded from RapidJSON 1.1.0 (iterative parser, NaN and Infinity allowed, stop when
/// done).
@Suite struct JSONScannerTests {
    static let faults: [(text: String, message: String, offset: Int)] = [
        (#""#, "The document is empty.", 0),
        (#" "#, "The document is empty.", 1),
        (#"["#, "Invalid value.", 1),
        (#"{"#, "Missing a name for object member.", 1),
        (#"]"#, "The document is empty.", 0),
        (#"}"#, "The document is empty.", 0),
        (#","#, "The document is empty.", 0),
        (#":"#, "The document is empty.", 0),
        (#"{"a"}"#, "Missing a colon after a name of object member.", 4),
        (#"{"a":}"#, "Invalid value.", 5),
        (#"{"a":1"#, "Missing a comma or '}' after an object member.", 6),
        (#"{"a":1 2}"#, "Missing a comma or '}' after an object member.", 7),
        (#"{"a":1,}"#, "Missing a name for object member.", 7),
        (#"{"a":1,,}"#, "Missing a name for object member.", 7),
        (#"{,}"#, "Missing a name for object member.", 1),
        (#"{1:2}"#, "Missing a name for object member.", 1),
        (#"{"a" 1}"#, "Missing a colon after a name of object member.", 5),
        (#"[1"#, "Missing a comma or ']' after an array element.", 2),
        (#"[1 2]"#, "Missing a comma or ']' after an array element.", 3),
        (#"[1,]"#, "Invalid value.", 3),
        (#"[,1]"#, "Invalid value.", 1),
        (#"[1,,2]"#, "Invalid value.", 3),
        (#"[1}"#, "Missing a comma or ']' after an array element.", 2),
        (#"{"a":1]"#, "Missing a comma or '}' after an object member.", 6),
        (#"nul"#, "Invalid value.", 3),
        (#"nulL"#, "Invalid value.", 3),
        (#"tru"#, "Invalid value.", 3),
        (#"fals"#, "Invalid value.", 4),
        (#"True"#, "Invalid value.", 0),
        (#"nan"#, "Invalid value.", 1),
        (#"Infi"#, "Invalid value.", 4),
        (#"Na"#, "Invalid value.", 2),
        (#"+1"#, "Invalid value.", 0),
        (#".5"#, "Invalid value.", 0),
        (#"1."#, "Miss fraction part in number.", 2),
        (#"1.e3"#, "Miss fraction part in number.", 2),
        (#"1e"#, "Miss exponent in number.", 2),
        (#"1e+"#, "Miss exponent in number.", 3),
        (#"1E-"#, "Miss exponent in number.", 3),
        (#"-"#, "Invalid value.", 1),
        (#"-a"#, "Invalid value.", 1),
        (#"1e400"#, "Number too big to be stored in double.", 0),
        (#"1e309"#, "Number too big to be stored in double.", 0),
        (#"0e400"#, "Number too big to be stored in double.", 0),
        (#"0.0e310"#, "Number too big to be stored in double.", 0),
        (#""abc"#, "Missing a closing quotation mark in string.", 4),
        (#""a\x""#, "Invalid escape character in string.", 2),
        (#""a\"#, "Invalid escape character in string.", 2),
        (#""\u12""#, "Incorrect hex digit after \\u escape in string.", 1),
        (#""\u12G4""#, "Incorrect hex digit after \\u escape in string.", 1),
        (#""\uD800""#, "The surrogate pair in string is invalid.", 1),
        (#""\uD800\n""#, "The surrogate pair in string is invalid.", 1),
        (#""\uD800\u0041""#, "The surrogate pair in string is invalid.", 1),
        (#"/* c */ 1"#, "Invalid value.", 0),
        (#"{'a':1}"#, "Missing a name for object member.", 1),
        (#"@"#, "Invalid value.", 0),
        (#"[@]"#, "Invalid value.", 1),
        (#"{"a":@}"#, "Invalid value.", 5),
        (#"[-]"#, "Invalid value.", 2),
        (#"[1e5x]"#, "Missing a comma or ']' after an array element.", 4),
        (#"[truefalse]"#, "Missing a comma or ']' after an array element.", 5),
        (#"["a" "b"]"#, "Missing a comma or ']' after an array element.", 5),
        (#"[0x10]"#, "Missing a comma or ']' after an array element.", 2),
        (#"[1.5.5]"#, "Missing a comma or ']' after an array element.", 4),
        (#"[--1]"#, "Invalid value.", 2),
        (#"{"a":1;"b":2}"#, "Missing a comma or '}' after an object member.", 6),
        (#"[NaNN]"#, "Missing a comma or ']' after an array element.", 4),
        (#"[Infinit]"#, "Invalid value.", 8),
        (#"[InfinityX]"#, "Missing a comma or ']' after an array element.", 9),
        (#"[nulll]"#, "Missing a comma or ']' after an array element.", 5),
        (#"0.1e310"#, "Number too big to be stored in double.", 0),
        (#"1.23456789012345678901234567890e330"#, "Number too big to be stored in double.", 0),
    ]

    @Test(arguments: faults)
    func `a fault is found where RapidJSON finds it`(_ fault: (text: String, message: String, offset: Int)) throws {
        let reason = try #require(JSONSyntaxError.Reason(rawValue: fault.message))
        #expect(throws: JSONSyntaxError(reason: reason, offset: fault.offset)) { try read(Array(fault.text.utf8)) }
    }

    static let byteFaults: [(bytes: [UInt8], reason: JSONSyntaxError.Reason, offset: Int)] = [
        ([0x22, 0x61, 0x0A, 0x22], .invalidEscape, 2),
        ([0x22, 0x61, 0x00, 0x22], .missingQuote, 2),
        ([0x22, 0x1F, 0x22], .invalidEscape, 1),
        ([0x00], .documentEmpty, 0),
        (Array("[1\u{0}]".utf8), .missingCommaOrBracket, 2),
        (Array("\u{FEFF}{\"a\":1".utf8), .missingCommaOrBrace, 9),
        (Array(repeating: UInt8(ascii: "9"), count: 309), .numberTooBig, 0),
        (Array(repeating: UInt8(ascii: "["), count: 1_000_000), .invalidValue, 1_000_000),
    ]

    @Test(arguments: byteFaults)
    func `hostile bytes are refused where RapidJSON refuses them`(
        _ fault: (bytes: [UInt8], reason: JSONSyntaxError.Reason, offset: Int)
    ) {
        #expect(throws: JSONSyntaxError(reason: fault.reason, offset: fault.offset)) { try read(fault.bytes) }
    }

    @Test(arguments: [
        "NaN", "-NaN", "Inf", "-Inf", "Infinity", "-Infinity", "1e308", "12345e308", "0.0e309", "1e-400",
        "18446744073709551616", "{\"a\":1} x", "[1] ]", "[[],[[]]]", "01", "\"\\uDC00\"", "[1e+5,1E5,1e05,1e-05]",
    ])
    func `what RapidJSON accepts is accepted`(_ text: String) throws { try read(Array(text.utf8)) }

    @Test func `a million nested lists are read without recursion`() throws {
        let depth = 1_000_000
        try read(Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth))
    }

    @Test func `nesting keeps the kinds of all levels`() {
        var nesting = JSONNesting()
        let kinds = (0..<200).map { $0 % 3 == 0 }
        for kind in kinds { nesting.push(isObject: kind) }
        for kind in kinds.reversed() {
            #expect(nesting.innermostIsObject == kind)
            nesting.pop()
        }
        #expect(nesting.depth == 0)
    }

    @Test(arguments: [
        (#""plain""#, "plain"), (#""\b\f\n\r\t\"\\\/""#, "\u{8}\u{C}\n\r\t\"\\/"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""x\uD83D\uDE00y""#, "x😀y"), (#""0123456789\u0041""#, "0123456789A"), (#""""#, ""),
    ])
    func `escapes are decoded`(_ text: String, _ expected: String) throws {
        #expect(try withScanner(Array(text.utf8)) { try $0.string().text } == expected)
    }

    @Test(arguments: [
        ("1.5", "1.5"),
        (
            "[1.5, 1e30, 0.1, 1e-7, 1e21, 1e20, 1e22, 0.000001, 1.0, -0.0, 5e-324]",
            "[1.5, 1e30, 0.1, 1e-7, 1e21, 100000000000000000000.0, 1e22, 0.000001, 1.0, -0.0, 5e-324]"
        ),
        (
            #"{"a":[1,{"b":[true,false,null]}]}"#,
            "{\n    \"a\": [1, {\n            \"b\": [true, false, null]\n        }]\n}"
        ),
        (
            #"{"a": {"b": 1, "c": [ {"d": 2} ]}, "e": {}}"#,
            "{\n    \"a\": {\n        \"b\": 1,\n        \"c\": [{\n                \"d\": 2\n            }]\n    },\n    \"e\": {}\n}"
        ),
        ("[[],[[]]]", "[[], [[]]]"), (#""a\n\u001f""#, #""a\n\u001F""#),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"), ("NaN", "NaN"), ("1e39", "1e+39"), ("0.1", "0.1"),
        ("[1.7976931348623157e308,123.456e306]", "[1.7976931348623157e308, 1.23456e308]"),
    ])
    func `values are printed as RapidJSON prints them`(_ text: String, _ expected: String) throws {
        #expect(try withScanner(Array(text.utf8)) { try JSONValuePrinter.skipAndPrint(&$0) } == expected)
    }

    @Test func `a printed value is cut`() throws {
        let text = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        #expect(try withScanner(Array(text.utf8)) { try JSONValuePrinter.print($0) }.utf8.count == 256)
    }

    private func read(_ bytes: [UInt8]) throws {
        try withScanner(bytes) { scanner in
            try scanner.openDocument()
            try scanner.skipValue()
        }
    }
}

/// Runs `body` with a scanner over exactly these bytes.
func withScanner<R>(_ bytes: [UInt8], _ body: (inout JSONScanner) throws -> R) rethrows -> R {
    // Memory of exactly this size: a read behind the end is one behind the allocation.
    let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    defer { memory.deallocate() }
    _ = memory.initialize(from: bytes)
    var scanner = JSONScanner(start: memory.baseAddress!, count: bytes.count)
    return try body(&scanner)
}
