import Logging
import ServingPrimitives
import ServingTestKit
import Testing

@testable import TransportSecurity

/// What is refused before a port is opened, and in which words.
struct TLSCredentialsTests {
    private let expiry = 4_891_449_600

    private func credentials(
        certificate: String = TestCertificates.server.certificate,
        key: String = TestCertificates.server.key,
        authorities: String? = nil,
        requiresClientCertificate: Bool = false
    ) -> TLSCredentials {
        TLSCredentials(
            certificateChain: PEMText(certificate, origin: "CERT"),
            privateKey: PEMText(key, origin: "KEY"),
            clientAuthorities: authorities.map { PEMText($0, origin: "CA") },
            requiresClientCertificate: requiresClientCertificate
        )
    }

    private func refusal(_ credentials: TLSCredentials, now: Int = TestCertificates.validTime) -> String? {
        do throws(ServingError) {
            _ = try ServerTLS(
                credentials: credentials,
                applicationProtocols: ["h2"],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { now }
            )
            return nil
        } catch {
            #expect(error.code == .invalidArgument)
            return error.message
        }
    }

    @Test func `credentials that fit are taken`() throws {
        #expect(refusal(credentials()) == nil)
        #expect(refusal(credentials(authorities: TestCertificates.authority.certificate)) == nil)
        let chain = TestCertificates.server.certificate + TestCertificates.authority.certificate
        #expect(refusal(credentials(certificate: "Some text before\n" + chain)) == nil)
        // Twice the same authority, as bundles have it.
        let authorities = TestCertificates.authority.certificate + TestCertificates.authority.certificate
        #expect(refusal(credentials(authorities: authorities, requiresClientCertificate: true)) == nil)
    }

    @Test(arguments: [
        ("", "CERT is empty; expected the PEM text of a certificate"),
        ("/etc/tls/server.crt", "CERT holds no certificate; expected PEM text with a CERTIFICATE block"),
        (TestCertificates.server.key, "CERT holds no certificate; expected PEM text with a CERTIFICATE block"),
        (
            "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n",
            "a certificate in CERT cannot be read; expected PEM of X.509 certificates"
        ),
        (
            String(TestCertificates.server.certificate.dropLast(60)),
            "a certificate in CERT cannot be read; expected PEM of X.509 certificates"
        ),
        (
            TestCertificates.server.certificate + String(TestCertificates.authority.certificate.dropLast(60)),
            "a certificate in CERT cannot be read; expected PEM of X.509 certificates"
        ),
    ])
    func `a certificate that is none is named`(_ text: String, _ expected: String) {
        #expect(refusal(credentials(certificate: text)) == expected)
    }

    @Test(arguments: [
        ("", "KEY is empty; expected the PEM text of the certificate's private key"),
        (TestCertificates.server.certificate, "KEY holds no private key; expected PEM text with a PRIVATE KEY block"),
        (
            "-----BEGIN PRIVATE KEY-----\nbm90aGluZw==\n-----END PRIVATE KEY-----\n",
            "the private key in KEY cannot be read; expected PEM of an RSA, EC or Ed25519 key"
        ),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nbm90aGluZw==\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "the private key in KEY is encrypted; expected one without a passphrase"
        ),
        (
            TestCertificates.renewed.key,
            "the private key in KEY does not belong to the first certificate in CERT; expected the key that the "
                + "certificate was made for"
        ),
    ])
    func `a key that does not open the certificate is named`(_ text: String, _ expected: String) {
        #expect(refusal(credentials(key: text)) == expected)
    }

    @Test func `the certificate has to be valid now, the authority at least one`() {
        #expect(refusal(credentials(), now: expiry + 1) == "the certificate in CERT expired on 2125-01-02 00:00:00 UTC")
        #expect(
            refusal(credentials(), now: 1_600_000_000)
                == "the certificate in CERT is not valid before 2025-01-01 00:00:00 UTC; it is now "
                + "2020-09-13 12:26:40 UTC"
        )
        #expect(refusal(credentials(), now: expiry) == nil)
    }

    @Test(arguments: [
        (Optional<String>.none, "clients must show a certificate (client_verify), but no authority is named"),
        ("", "CA is empty; expected the PEM text of a certificate"),
        ("nonsense", "CA holds no certificate"),
        (TestCertificates.client.certificate, "certificate 1 in CA is not an authority's"),
        (
            TestCertificates.authority.certificate + TestCertificates.server.certificate,
            "certificate 2 in CA is not an authority's"
        ),
    ])
    func `authorities that cannot sign are named`(_ text: String?, _ expected: String) {
        let message = refusal(credentials(authorities: text, requiresClientCertificate: true))
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "taken")")
    }

    @Test func `authorities are checked also where clients need no certificate`() {
        let message = refusal(credentials(authorities: TestCertificates.client.certificate))
        #expect(message?.hasPrefix("certificate 1 in CA is not an authority's") == true)
    }
}
