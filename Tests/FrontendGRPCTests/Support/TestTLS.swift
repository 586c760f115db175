import Logging
import NIOSSL
import ServingTestKit
import TransportSecurity

/// Both sides of TLS with the test certificates.
enum TestTLS {
    static func server(requiresClientCertificate: Bool = false) throws -> ServerTLS {
        try ServerTLS(
            credentials: TLSCredentials(
                certificateChain: PEMText(TestCertificates.server.certificate, origin: "certificate"),
                privateKey: PEMText(TestCertificates.server.key, origin: "key"),
                clientAuthorities: PEMText(TestCertificates.authority.certificate, origin: "authorities"),
                requiresClientCertificate: requiresClientCertificate
            ),
            applicationProtocols: ["h2"],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Trusts the test authority and no other.
    static func client() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.authority.certificate.utf8))
        )
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = ["h2"]
        return try NIOSSLContext(configuration: configuration)
    }
}
