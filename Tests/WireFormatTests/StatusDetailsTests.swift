import ServingPrimitives
import Testing
import WireFormat

@Suite struct StatusDetailsTests {
    /// Golden: `status_pb2.Status(code=8, message="full", details=[any of RetryInfo(retry_delay=1.5 s)])` of
    /// googleapis-common-protos, in Base64 without padding.
    @Test func `an error with the time to try again`() {
        let error = ServingError(.resourceExhausted, "full")
        #expect(
            StatusDetails.base64(of: error, retryNanoseconds: 1_500_000_000)
                == "CAgSBGZ1bGwaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIARCAyrXuAQ"
        )
    }
}
