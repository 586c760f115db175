import NIOSSL
import ServingPrimitives

/// Files in PEM for TLS with a collector, named by the environment variables that OpenTelemetry's exporters have for it.
/// Those for traces win over those for all signals.
public struct CollectorCredentials: Sendable, Hashable {
    /// Authorities that are trusted instead of the system's: `OTEL_EXPORTER_OTLP_CERTIFICATE`.
    var authorities: String?
    /// Our own certificate, for mutual TLS: `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`.
    var certificate: String?
    /// Its key: `OTEL_EXPORTER_OTLP_CLIENT_KEY`.
    var key: String?

    /// - Parameter variable: the value of an environment variable; `nil` where it is not set.
    public init(environment variable: (String) -> String?) {
        func path(_ name: String) -> String? {
            let values = ["OTEL_EXPORTER_OTLP_TRACES_\(name)", "OTEL_EXPORTER_OTLP_\(name)"].lazy.compactMap(variable)
            return values.first { !$0.isEmpty }
        }
        authorities = path("CERTIFICATE")
        certificate = path("CLIENT_CERTIFICATE")
        key = path("CLIENT_KEY")
    }

    /// Reads the files.
    ///
    /// - Throws: `INVALID_ARGUMENT`: which of them cannot be used, and why.
    func makeContext() throws(ServingError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorities {
            let certificates = try Self.read(authorities) { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(certificates)
        }
        switch (certificate, key) {
        case (let certificate?, let key?):
            configuration.certificateChain = try Self.read(certificate) { try NIOSSLCertificate.fromPEMFile($0) }.map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(try Self.read(key) { try NIOSSLPrivateKey(file: $0, format: .pem) })
        case (nil, nil): break
        case (_?, nil), (nil, _?):
            throw .invalidArgument(
                "TLS for the trace collector has one of a certificate and its key; expected both or none of "
                    + "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY"
            )
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .invalidArgument("TLS for the trace collector cannot be used: \(error)")
        }
    }

    private static func read<Content>(
        _ path: String,
        _ parse: (String) throws -> Content
    ) throws(ServingError) -> Content {
        // What the parser says of a file that is not there is less clear.
        _ = try LocalFile.contents(of: path, limit: 1 << 20)
        do {
            return try parse(path)
        } catch {
            throw .invalidArgument(
                "\(path), for TLS with the trace collector, is not what was expected in PEM: \(error)"
            )
        }
    }
}
