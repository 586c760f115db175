import Testing

@testable import FrontendGRPC

struct GRPCStatusMessageTests {
    @Test(arguments: [
        ("", ""), ("Servable not found for request: Latest(m)", "Servable not found for request: Latest(m)"),
        ("100%", "100%25"), ("a\nb\tc", "a%0Ab%09c"), ("é", "%C3%A9"), ("\u{7F}~ \"", "%7F~ \""), ("\0", "%00"),
    ])
    func `texts are percent-coded as gRPC core does`(_ text: String, _ header: String) {
        #expect(GRPCStatusMessage.headerValue(text) == header)
    }

    @Test func `a text of 1024 bytes is kept whole`() {
        let text = String(repeating: "x", count: 1024)
        #expect(GRPCStatusMessage.truncated(text) == text)
    }

    @Test func `a longer text is cut to 1024 bytes and marked`() {
        let text = String(repeating: "x", count: 1025)
        #expect(GRPCStatusMessage.truncated(text) == String(repeating: "x", count: 1024) + "...TRUNCATED")
    }

    @Test func `a character on the cut is left out whole`() {
        let text = String(repeating: "x", count: 1023) + "éé"
        #expect(GRPCStatusMessage.truncated(text) == String(repeating: "x", count: 1023) + "...TRUNCATED")
    }

    @Test func `the cut is made before percent-coding`() {
        let text = String(repeating: "%", count: 2000)
        #expect(GRPCStatusMessage.headerValue(text) == String(repeating: "%25", count: 1024) + "...TRUNCATED")
    }
}
