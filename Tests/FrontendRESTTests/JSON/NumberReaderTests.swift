import Testing

@testable import FrontendREST

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct NumberReaderTests {
    // MARK: Decimals

    @Test func `two hundred thousand random decimals are rounded as strtod and a cast do`() throws {
        for round in 0..<200_000 {
            let text = Self.randomDecimal(round)
            let exact = strtod(text, nil)
            let common = Self.read(text, NumberReader.decimal)
            if let common, common.value.bitPattern != exact.bitPattern || common.count != text.utf8.count {
                Issue.record("\(text): \(common)")
            }
            let other = try withScanner(Array(text.utf8)) { try Double.read(&$0) }
            if other?.bitPattern != exact.bitPattern { Issue.record("\(text): \(String(describing: other))") }
            let float = try withScanner(Array(text.utf8)) { try Float.read(&$0) }
            if float?.bitPattern != Float(exact).bitPattern { Issue.record("\(text): \(String(describing: float))") }
        }
    }

    private static func randomDecimal(_ round: Int) -> String {
        switch round % 8 {
        case 0: return "\(Float.random(in: -10...10))"
        case 1: return "\(Double(Float.random(in: -1...1)))"
        case 2: return "\(Double.random(in: -1e6...1e6))"
        case 3: return "\(Int.random(in: 1...999_999_999))e\(Int.random(in: -70...70))"
        case 4: return "\(Double(sign: .plus, exponent: Int.random(in: -1070...1000), significand: 1.5))"
        case 5: return "\(Double.random(in: 0.001...1))e\(Int.random(in: -60...60))"
        case 6: return "\(Double(Int.random(in: -9_999_999...9_999_999)) / 100)"
        default:
            let digits = (0..<Int.random(in: 1...25)).map { _ in String(Int.random(in: 0...9)) }.joined()
            return "\(Int.random(in: 1...9_999_999)).\(digits)"
        }
    }

    @Test(arguments: [
        "1.000000059604644775390625", "1.0000000596046447753906250001", "1.0000000596046448", "1.0000000596046447",
        "1.00000017881393432617", "0.50000002980232238769", "9007199254740993.0", "1.7976931348623157e5",
        "0.1e-5", "1E+5", "5e-54", "5e54", "5e55", "5e-55", "0.0000000000000000001", "0.9999999999999999999",
        "9999999.999999999999", "9999999.9999999999999", "1.1234567890123456", "1.12345678901234567",
        "1.123456789012345678", "0.000000000000000000", "1.00000000", "1.0000000000000000", "3e000",
    ])
    func `decimals of all lengths are rounded as strtod does or left`(_ text: String) {
        for sign in ["", "-"] {
            let number = sign + text
            guard let common = Self.read(number, NumberReader.decimal) else { continue }
            #expect(common.value.bitPattern == strtod(number, nil).bitPattern)
            #expect(common.count == number.utf8.count)
        }
    }

    @Test(arguments: [
        ("0.1", 0.1, 3), ("-0.0", -0.0, 4), ("-0", 0, 2), ("0", 0, 1), ("255", 255, 3), ("-7", -7, 2), ("1e2", 100, 3),
        ("0.12345679104328156", 0.12345679104328156, 19), ("1234567.5", 1_234_567.5, 9), ("5]", 5, 1), ("2.5,", 2.5, 3),
    ])
    func `what clients send in bulk is taken`(_ text: String, _ value: Double, _ count: Int) {
        let common = Self.read(text, NumberReader.decimal)
        #expect(common?.value.bitPattern == value.bitPattern)
        #expect(common?.count == count)
    }

    @Test(arguments: [
        "", "-", ".5", "-.5", "1.", "1.e5", "1e", "1e+", "01", "-01.5", "00", "+1", "NaN", "-Inf", "null", "\"1\"",
        "[1]",
        "12345678", "12345678.5", "1e1000", "1e400", "0.00000000000000000001", "1.1234567890123456789", "..", "-..",
    ])
    func `other spellings are left where they are`(_ text: String) {
        #expect(Self.read(text, NumberReader.decimal) == nil)
    }

    // MARK: Integers

    @Test(arguments: [
        ("0", 0, 1), ("-0", 0, 2), ("7,", 7, 1), ("1234567", 1_234_567, 7), ("12345678", 12_345_678, 8),
        ("-123456789", -123_456_789, 10), ("999999999999999]", 999_999_999_999_999, 15),
        ("100000000000000 ", 100_000_000_000_000, 15),
    ])
    func `integers are taken`(_ text: String, _ value: Int64, _ count: Int) {
        let common = Self.read(text) { NumberReader.integer(&$0) }
        #expect(common?.value == value)
        #expect(common?.count == count)
    }

    @Test(arguments: [
        "", "-", "01", "-01", "00000001", "012345678", "1.0", "1e2", "1E2", "12345678.5", "123456789e1", "NaN", "true",
        "1000000000000000", "9223372036854775807",
    ])
    func `what is no short integer is left where it is`(_ text: String) {
        #expect(Self.read(text) { NumberReader.integer(&$0) } == nil)
    }

    @Test func `random integers are what they are`() {
        for _ in 0..<100_000 {
            let value = Int64.random(in: -999_999_999_999_999...999_999_999_999_999) >> Int64.random(in: 0...49)
            #expect(Self.read("\(value)") { NumberReader.integer(&$0) }?.value == value)
            guard value.magnitude < 10_000_000 else { continue }
            #expect(Self.read("\(value)", NumberReader.decimal)?.value == Double(value))
        }
    }

    // MARK: Their parts

    @Test func `a run of digits ends at any other byte`() {
        for position in 0...8 {
            for byte in UInt8.min...UInt8.max where byte &- 0x30 >= 10 {
                var text = Array("98765432".utf8)
                if position < 8 { text[position] = byte }
                let run = text.withUnsafeBufferPointer { DigitRun($0.baseAddress!) }
                #expect(run.count == position)
                #expect(run.value == UInt64("98765432".prefix(position)) ?? 0)
            }
        }
    }

    @Test func `mantissas and powers are rounded as strtod does, hardly any is left`() {
        var left = 0
        for _ in 0..<200_000 {
            let mantissa = UInt64.random(in: 1...UInt64.max) >> UInt64.random(in: 0...60)
            let exponent = Int.random(in: -54...54)
            guard let value = DecimalRounding.double(mantissa, exponent) else {
                left += 1
                continue
            }
            if value.bitPattern != strtod("\(mantissa)e\(exponent)", nil).bitPattern {
                Issue.record("\(mantissa)e\(exponent): \(value)")
            }
        }
        #expect(left < 1000)
    }

    @Test func `powers begin with the bits they should`() {
        var power: UInt128 = 1
        for exponent in 0...54 {
            // Fives alone: the first bits are the same, and 126 bits hold them.
            #expect(PowersOfTen.leadingBits(exponent) == UInt64(truncatingIfNeeded: Self.aligned(power) >> 64))
            #expect(PowersOfTen.leadingBits(-exponent) == Self.leadingBitsOfReciprocal(power))
            power *= 5
        }
    }

    private static func aligned(_ value: UInt128) -> UInt128 { value << UInt128(value.leadingZeroBitCount) }

    /// By long division.
    private static func leadingBitsOfReciprocal(_ value: UInt128) -> UInt64 {
        var rest: UInt128 = 1 << UInt128(127 - value.leadingZeroBitCount)
        if rest < value { rest *= 2 }
        var quotient: UInt64 = 0
        for _ in 0..<64 {
            quotient <<= 1
            if rest >= value {
                rest -= value
                quotient |= 1
            }
            rest *= 2
        }
        return quotient
    }

    @Test func `a middle between two doubles is left`() {
        for bits in 1...11 {
            // 53 bits, a one, zeros: halfway.
            let mantissa = (1 << 53 | UInt64.random(in: 0..<1 << 52) << 1 | 1) << UInt64(bits - 1)
            #expect(DecimalRounding.double(mantissa, 0) == nil)
        }
    }

    /// What the reader takes at the start of the text, which zeros follow, and how many bytes.
    private static func read<Value>(
        _ text: String,
        _ body: (inout UnsafePointer<UInt8>) -> Value?
    ) -> (value: Value, count: Int)? {
        let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: NumberReader.lookahead)
        return bytes.withUnsafeBufferPointer { bytes in
            let start = bytes.baseAddress!
            var place = start
            guard let value = body(&place) else {
                #expect(place == start)
                return nil
            }
            return (value, place - start)
        }
    }
}
