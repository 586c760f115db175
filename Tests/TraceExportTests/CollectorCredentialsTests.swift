import ServingPrimitives
import Testing

@testable import TraceExport

@Suite struct CollectorCredentialsTests {
    private func credentials(_ variables: [String: String]) -> CollectorCredentials {
        CollectorCredentials { variables[$0] }
    }

    @Test func `files are those of the environment, and those for traces win`() {
        let all = [
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "ca", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": "traces-ca",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "own", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": "",
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": "key",
        ]
        let found = credentials(all)
        #expect(found.authorities == "traces-ca")
        #expect(found.certificate == "own", "an empty value is none")
        #expect(found.key == "key")
    }

    @Test func `without any the system's authorities are trusted`() throws { _ = try credentials([:]).makeContext() }

    @Test(arguments: [
        (["OTEL_EXPORTER_OTLP_CLIENT_KEY": "k"], "expected both or none"),
        (["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "c"], "expected both or none"),
        (["OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem"], "/nowhere/ca.pem"),
        (["OTEL_EXPORTER_OTLP_CERTIFICATE": #filePath], "is not what was expected in PEM"),
        (["OTEL_EXPORTER_OTLP_CERTIFICATE": "/dev/null"], "expected a file"),
    ])
    func `what cannot be used is told by name`(variables: [String: String], message: String) {
        let error = #expect(throws: ServingError.self) { try credentials(variables).makeContext() }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}
