import Testing

@testable import FrontendREST

@Suite struct JSONNumberTests {
    @Test(
        arguments: [
            ("0", .integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)),
            ("18446744073709551615", .unsigned(.max)), ("18446744073709551616", .decimal(18_446_744_073_709_551_616)),
            ("-9223372036854775809", .decimal(-9_223_372_036_854_775_808)), ("1.0", .decimal(1)),
            ("1e2", .decimal(100)),
            ("-0.0", .decimal(-0.0)), ("Infinity", .decimal(.infinity)), ("-Inf", .decimal(-.infinity)),
            ("12345e308", .decimal(.infinity)), ("1e-400", .decimal(0)),
        ] as [(String, JSONNumber)]
    )
    func `numbers are classified by their spelling`(_ text: String, _ expected: JSONNumber) throws {
        #expect(try withScanner(Array(text.utf8)) { try $0.number() } == expected)
    }

    @Test(
        arguments: [
            ("9007199254740992.0", 9_007_199_254_740_992), ("9007199254740993.0", 9_007_199_254_740_992),
            ("9007199254740995.0", 9_007_199_254_740_996), ("4.9406564584124654e-324", .leastNonzeroMagnitude),
            ("2e-324", 0), ("2.2250738585072011e-308", .leastNormalMagnitude.nextDown),
            ("1.7976931348623157e308", .greatestFiniteMagnitude), ("1e-999999999999999999", 0), ("-0e5", -0.0),
        ] as [(String, Double)]
    )
    func `decimals at the borders of what a double is are rounded exactly`(_ text: String, _ expected: Double) throws {
        #expect(try withScanner(Array(text.utf8)) { try $0.number() }.double.bitPattern == expected.bitPattern)
    }

    @Test(arguments: ["1e309", "1e400", "-1e400", "17976931348623158" + String(repeating: "0", count: 300)])
    func `numbers beyond a double are too big`(_ text: String) {
        #expect(throws: JSONSyntaxError(reason: .numberTooBig, offset: 0)) {
            try withScanner(Array(text.utf8)) { try $0.number() }
        }
    }

    @Test func `a million digits are read in one pass`() throws {
        let zeros = String(repeating: "0", count: 1_000_000)
        #expect(try withScanner(Array("0.\(zeros)1".utf8)) { try $0.number() } == .decimal(0))
        #expect(try withScanner(Array("1.\(zeros)1".utf8)) { try $0.number() } == .decimal(1))
        #expect(try withScanner(Array("1.5\(zeros)e2".utf8)) { try $0.number() } == .decimal(150))
        // Just above the middle between 1 and the next double, which only the last digit tells.
        let middle = "1.00000000000000011102230246251565404236316680908203125"
        let above = "\(middle)\(zeros)1"
        #expect(try withScanner(Array(above.utf8)) { try $0.number() } == .decimal(1 + .ulpOfOne))
        #expect(try withScanner(Array(middle.utf8)) { try $0.number() } == .decimal(1))
    }
}
