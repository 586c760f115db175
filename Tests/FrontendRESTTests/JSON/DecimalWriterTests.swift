import Testing

@testable import FrontendREST

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct DecimalWriterTests {
    @Test(
        arguments: [
            (1, "1.0"), (0.1, "0.1"), (1.0 / 3, "0.333333343"), (16_777_216, "16777216.0"), (1e7, "1e+07"),
            (1_234_567, "1234567.0"), (1e-5, "1e-05"), (-0.0, "-0.0"), (0, "0.0"), (.nan, "NaN"),
            (.infinity, "Infinity"),
            (-.infinity, "-Infinity"), (100_000, "100000.0"), (1e6, "1e+06"), (999_999, "999999.0"),
            (0.0001, "0.0001"), (0.00012345, "0.00012345"), (3.4028234663852886e38, "3.40282347e+38"),
            (.leastNonzeroMagnitude, "1.4013e-45"), (.leastNormalMagnitude, "1.17549435e-38"), (2.5, "2.5"),
            (123_456.789, "123456.789"), (-9.99999968e-21, "-1e-20"),
        ] as [(Float, String)]
    )
    func `floats are written as TensorFlow Serving writes them`(_ value: Float, _ expected: String) {
        #expect(text(value) == expected)
    }

    @Test(
        arguments: [
            (0.1, "0.1"), (1.0 / 3, "0.33333333333333331"), (1e22, "1e+22"), (123_456_789, "123456789.0"),
            (1e-5, "1e-05"),
            (-0.0, "-0.0"), (1e300, "1e+300"), (.leastNonzeroMagnitude, "4.94066e-324"), (2.5, "2.5"),
            (9_007_199_254_740_992, "9007199254740992.0"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        ] as [(Double, String)]
    )
    func `doubles are written as TensorFlow Serving writes them`(_ value: Double, _ expected: String) {
        #expect(text(value) == expected)
    }

    @Test func `two hundred thousand random floats agree with printf`() {
        var random = SystemRandomNumberGenerator()
        for round in 0..<200_000 {
            let value: Float =
                switch round % 4 {
                case 0: Float(bitPattern: random.next())
                case 1: Float.random(in: -1...1)
                case 2: Float(Int.random(in: -2_000_000...2_000_000)) / 1000
                default: Float(Int.random(in: 1...999_999)) * Float(pow(10, Double(Int.random(in: -40...30))))
                }
            guard value.isFinite else { continue }
            let expected = printed(Double(value), digits: 9) { strtof($0, nil) == value }
            if text(value) != expected { Issue.record("\(value): \(text(value)) instead of \(expected)") }
        }
    }

    @Test func `a hundred thousand random doubles agree with printf`() {
        var random = SystemRandomNumberGenerator()
        for round in 0..<100_000 {
            let value: Double =
                switch round % 4 {
                case 0: Double(bitPattern: random.next())
                case 1: Double.random(in: -1...1)
                case 2: Double(Int.random(in: -2_000_000_000...2_000_000_000)) / 1024
                default: Double(Int.random(in: 1...999_999)) * pow(10, Double(Int.random(in: -30...40)))
                }
            guard value.isFinite else { continue }
            let expected = printed(value, digits: 17) { strtod($0, nil) == value }
            if text(value) != expected { Issue.record("\(value): \(text(value)) instead of \(expected)") }
        }
    }

    @Test func `every number of eight digits is spelled out`() {
        // Each digit of each half, and the halves beside one another.
        for half in UInt32(0)..<10_000 {
            for number in [half, half * 10_000, half * 10_000 + 9999 - half] {
                let digits = EightDigits(number)
                let text = String(decoding: withUnsafeBytes(of: digits.word.littleEndian) { Array($0) }, as: UTF8.self)
                let expected = String(repeating: "0", count: 8 - "\(number)".count) + "\(number)"
                #expect(text == expected)
                #expect(digits.leadingZeroCount == expected.prefix { $0 == "0" }.count)
                #expect(digits.trailingZeroCount == expected.reversed().prefix { $0 == "0" }.count)
            }
        }
    }

    @Test(
        arguments: [
            0, 1, 9, 10, 99, 100, 12_345, 99_999_999, 100_000_000, 9_999_999_999_999_999,
            10_000_000_000_000_000, UInt64(Int64.max), 9_999_999_999_999_999_999, .max,
        ] as [UInt64]
    )
    func `integers are written whole`(_ value: UInt64) {
        #expect(written { IntegerWriter.write(value, to: $0) } == String(value))
    }

    @Test(arguments: [0, 7, -1, -99_999_999, -100_000_000, .min, .max] as [Int64])
    func `integers have their sign`(_ value: Int64) {
        #expect(written { IntegerWriter.write(value, to: $0) } == String(value))
    }

    private func text(_ value: Float) -> String { written { DecimalWriter.write(value, to: $0) } }

    private func text(_ value: Double) -> String { written { DecimalWriter.write(value, to: $0) } }

    private func written(_ write: (UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: DecimalWriter.maximumLength) { room in
            String(decoding: room[..<(write(room.baseAddress!) - room.baseAddress!)], as: UTF8.self)
        }
    }

    private func printed(_ value: Double, digits: Int, readsBack: (String) -> Bool) -> String {
        func print(_ digits: Int) -> String {
            var room = [CChar](repeating: 0, count: 64)
            let count = withVaList([digits, value]) { vsnprintf(&room, 64, "%.*g", $0) }
            return String(decoding: room[..<Int(count)].map { UInt8($0) }, as: UTF8.self)
        }
        let six = print(6)
        let text = readsBack(six) ? six : print(digits)
        return text.contains(".") || text.contains("e") ? text : text + ".0"
    }
}
