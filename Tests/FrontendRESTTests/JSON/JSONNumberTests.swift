import Testing

@testable import FrontendREST

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

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

    @Test func `a hundred thousand random decimals are rounded as strtod and a cast do`() throws {
        for round in 0..<100_000 {
            let text = Self.randomDecimal(round)
            let exact = strtod(text, nil)
            // With text behind it for the fast way, and without.
            for padding in [String(repeating: " ", count: 50), ""] {
                try withScanner(Array((text + padding).utf8)) { scanner in
                    var copy = scanner
                    let double = try Double.read(&copy)
                    let float = try Float.read(&scanner)
                    if double?.bitPattern != exact.bitPattern || float?.bitPattern != Float(exact).bitPattern {
                        Issue.record("\(text): \(String(describing: double)), \(String(describing: float))")
                    }
                    #expect(scanner.offset == text.utf8.count)
                }
            }
        }
    }

    private static func randomDecimal(_ round: Int) -> String {
        switch round % 5 {
        case 0: return "\(Float.random(in: -10...10))"
        case 1: return "\(Double(Float.random(in: -1...1)))"
        case 2: return "\(Double.random(in: -1e6...1e6))"
        case 3: return "\(Int.random(in: 0...999_999_999))e\(Int.random(in: -40...30))"
        default:
            let digits = (0..<Int.random(in: 1...25)).map { _ in String(Int.random(in: 0...9)) }.joined()
            return "\(Int.random(in: 1...9)).\(digits)"
        }
    }

    @Test(arguments: [
        "1.000000059604644775390625", "1.0000000596046447753906250001", "1.0000000596046448", "1.0000000596046447",
        "1.00000017881393432617", "0.50000002980232238769",
    ])
    func `a decimal close to the middle between two floats is rounded through the nearest double`(
        _ text: String
    ) throws {
        let padded = text + String(repeating: " ", count: 50)
        #expect(try withScanner(Array(padded.utf8)) { try Float.read(&$0) } == Float(strtod(text, nil)))
    }
}
