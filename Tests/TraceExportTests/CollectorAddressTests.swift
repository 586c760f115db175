import ServingPrimitives
import Testing

@testable import TraceExport

@Suite struct CollectorAddressTests {
    @Test(arguments: [
        ("http://localhost:4318", "localhost", 4318, "/v1/traces", false),
        ("http://localhost", "localhost", 4318, "/v1/traces", false),
        ("http://collector:80/", "collector", 80, "/v1/traces", false),
        ("https://c.example:443/otlp", "c.example", 443, "/otlp/v1/traces", true),
        ("http://127.0.0.1:1/v1/traces", "127.0.0.1", 1, "/v1/traces", false),
        ("http://[::1]:4318", "::1", 4318, "/v1/traces", false),
        ("http://[::1]", "::1", 4318, "/v1/traces", false),
    ])
    func `a URL names a host, a port and the path of traces`(
        url: String,
        host: String,
        port: Int,
        path: String,
        usesTLS: Bool
    ) throws {
        let address = try CollectorAddress(url)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.path == path)
        #expect(address.usesTLS == usesTLS)
    }

    @Test func `an IPv6 address is in brackets in the Host field`() throws {
        #expect(try CollectorAddress("http://[::1]:4318").authority == "[::1]:4318")
        #expect(try CollectorAddress("http://a").authority == "a:4318")
    }

    @Test(arguments: [
        "", "localhost:4318", "grpc://localhost:4317", "http://", "http://:4318", "http://a:0", "http://a:65536",
        "http://a:b", "http://a b", "http://::1:4318", "http://user@host", "http://a/x?y=1", "http://a\r\nb",
    ])
    func `what is no URL of a collector is refused with an example`(url: String) {
        #expect(
            throws: ServingError.invalidArgument(
                "otlp_endpoint is \"\(url)\"; expected a URL like http://localhost:4318"
            )
        ) { try CollectorAddress(url) }
    }
}
