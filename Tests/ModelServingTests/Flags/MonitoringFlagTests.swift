import ServingConfig
import ServingPrimitives
import Testing

@testable import ModelServing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct MonitoringFlagTests {
    @Test(arguments: [
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        (#"prometheus_config: { enable: true, path: "/p" }"#, "/p"),
        (#"prometheus_config { path: "/p" }"#, nil), ("", nil),
    ])
    func `the file says whether there is a page and where`(text: String, path: String?) throws {
        #expect(try monitoring(text).prometheusPath == path)
    }

    @Test func `a file that cannot be read stops the start`() {
        var flags = ModelServerFlags()
        flags.monitoringConfigFile = "/nowhere/monitoring.config"
        #expect(throws: ServingError.notFound("/nowhere/monitoring.config; No such file or directory")) {
            try flags.monitoring()
        }
        #expect(throws: ServingError.self) { try monitoring("prometheus_config { enabled: true }") }
    }

    private func monitoring(_ text: String) throws -> ServerConfiguration.Monitoring {
        var path = Array("/tmp/apus-monitoring-XXXXXX".utf8CString)
        let descriptor = path.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
        var text = text
        text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        defer { unlink(path) }
        var flags = ModelServerFlags()
        flags.monitoringConfigFile = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return try flags.monitoring()
    }
}
