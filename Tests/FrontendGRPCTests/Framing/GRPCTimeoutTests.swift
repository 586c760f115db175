import ServingPrimitives
import Testing

@testable import FrontendGRPC

struct GRPCTimeoutTests {
    @Test(arguments: [
        ("1H", 3_600_000_000_000), ("2M", 120_000_000_000), ("3S", 3_000_000_000), ("4m", 4_000_000), ("5u", 5_000),
        ("6n", 6), ("0S", 0), ("00000007n", 7), ("99999999S", 99_999_999_000_000_000), ("99999999H", UInt64.max),
    ])
    func `timeouts of every unit are read`(_ text: String, _ nanoseconds: UInt64) throws {
        #expect(try GRPCTimeout.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: ["", "1", "S", "1X", "1s", "-1S", "+1S", "1.5S", " 1S", "1S ", "1 S", "123456789S", "٣S", "abc"])
    func `anything else is an internal error that quotes the value`(_ text: String) {
        let error = #expect(throws: ServingError.self) { try GRPCTimeout.nanoseconds(text) }
        #expect(error?.code == .internal)
        #expect(error?.message.hasPrefix("Error parsing 'grpc-timeout' metadata: expected") == true)
        #expect(error?.message.hasSuffix("got \"\(text)\"") == true)
    }
}
