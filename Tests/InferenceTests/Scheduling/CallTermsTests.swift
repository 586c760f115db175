import Inference
import ServingPrimitives
import Testing

@Suite struct CallTermsTests {
    @Test(arguments: [("0", 0), ("5", 5), ("-100", -100), ("100", 100), ("+7", 7)])
    func `priorities are whole numbers`(text: String, priority: Int) throws {
        #expect(try CallTerms.priority(Array(text.utf8)) == priority)
    }

    @Test(arguments: [
        "", "high", "101", "-101", "1.5", " 1", "99999999999999999999", String(repeating: "0", count: 99),
    ])
    func `other priorities are refused with what was expected`(text: String) {
        let error = #expect(throws: ServingError.self) { try CallTerms.priority(Array(text.utf8)) }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.message.hasPrefix("x-request-priority: expected a whole number from -100 to 100, got \"") == true
        )
    }

    @Test(
        arguments: [
            ("25", 25_000_000), ("2.5", 2_500_000), ("0", 0), ("0.000001", 1), ("0.0000009", 0), ("007", 7_000_000),
            ("999999999", 999_999_999_000_000), ("1.", 1_000_000),
        ] as [(String, UInt64)]
    )
    func `timeouts are milliseconds`(text: String, nanoseconds: UInt64) throws {
        #expect(try CallTerms.timeout(Array(text.utf8)) == nanoseconds)
    }

    @Test(arguments: [
        "", ".", ".5", "-1", "1e3", "25ms", "1000000000", "1.2.3", "1.\(String(repeating: "0", count: 30))",
    ])
    func `other timeouts are refused with what was expected`(text: String) {
        let error = #expect(throws: ServingError.self) { try CallTerms.timeout(Array(text.utf8)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("x-request-timeout-ms: expected milliseconds like 25 or 2.5, got") == true)
    }

    @Test func `tenants have short names`() throws {
        #expect(try CallTerms.tenant(Array("search".utf8)) == "search")
        #expect(throws: ServingError.invalidArgument("x-tenant: expected at most 128 bytes, got 129")) {
            try CallTerms.tenant(Array(repeating: 0x61, count: 129))
        }
    }

    @Test func `tenants are numbered, and their number is bounded`() {
        let names = TenantNames()
        #expect(names.number(of: "") == 0)
        #expect(names.number(of: "a") == 1 && names.number(of: "b") == 2 && names.number(of: "a") == 1)
        let numbers = Set((0..<10_000).map { names.number(of: "tenant \($0)") })
        #expect(numbers.count <= 1024 && numbers.allSatisfy { (1...1024).contains($0) })
        #expect(names.number(of: "a") == 1)
    }
}
