import NIOSSL
import ServingPrimitives

/// Credentials whose every part was read and found to fit the others.
struct CheckedCredentials {
    var certificates: [NIOSSLCertificate]
    var key: NIOSSLPrivateKey
    var authorities: [NIOSSLCertificate]
}

extension TLSCredentials {
    /// Reads and checks everything that can be checked without a peer.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Throws: `INVALID_ARGUMENT` with which text is wrong, how, and what was expected.
    func check(now: Int) throws(ServingError) -> CheckedCredentials {
        let certificates = try Self.certificates(certificateChain)
        let key = try readPrivateKey()
        try Self.checkValidity(of: certificates[0], certificateChain.origin, now: now)
        return CheckedCredentials(certificates: certificates, key: key, authorities: try readAuthorities(now: now))
    }

    private func readPrivateKey() throws(ServingError) -> NIOSSLPrivateKey {
        let origin = privateKey.origin
        guard !privateKey.text.isEmpty else {
            throw .invalidArgument("\(origin) is empty; expected the PEM text of the certificate's private key")
        }
        guard privateKey.text.contains("PRIVATE KEY-----") else {
            throw .invalidArgument("\(origin) holds no private key; expected PEM text with a PRIVATE KEY block")
        }
        if privateKey.text.contains("ENCRYPTED") {
            throw .invalidArgument("the private key in \(origin) is encrypted; expected one without a passphrase")
        }
        do {
            return try NIOSSLPrivateKey(bytes: Array(privateKey.text.utf8), format: .pem)
        } catch {
            throw .invalidArgument(
                "the private key in \(origin) cannot be read; expected PEM of an RSA, EC or Ed25519 key"
            )
        }
    }

    /// - Returns: at least one certificate.
    private static func certificates(_ pem: PEMText) throws(ServingError) -> [NIOSSLCertificate] {
        guard !pem.text.isEmpty else {
            throw .invalidArgument("\(pem.origin) is empty; expected the PEM text of a certificate")
        }
        let count = pem.text.split(whereSeparator: \.isNewline)
            .count { $0.hasPrefix("-----BEGIN ") && $0.contains("CERTIFICATE-----") }
        guard count > 0 else {
            throw .invalidArgument("\(pem.origin) holds no certificate; expected PEM text with a CERTIFICATE block")
        }
        // A block that is cut off ends the reading quietly.
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(pem.text.utf8)), certificates.count == count
        else {
            throw .invalidArgument("a certificate in \(pem.origin) cannot be read; expected PEM of X.509 certificates")
        }
        return certificates
    }

    private static func checkValidity(
        of certificate: NIOSSLCertificate,
        _ origin: String,
        now: Int
    ) throws(ServingError) {
        let (first, last) = (certificate.notValidBefore, certificate.notValidAfter)
        guard last >= now else {
            throw .invalidArgument("the certificate in \(origin) expired on \(UTCTime.text(last))")
        }
        guard first <= now else {
            throw .invalidArgument(
                "the certificate in \(origin) is not valid before \(UTCTime.text(first)); it is now \(UTCTime.text(now))"
            )
        }
    }

    /// Read also when clients need no certificate, as gRPC does.
    private func readAuthorities(now: Int) throws(ServingError) -> [NIOSSLCertificate] {
        guard let clientAuthorities else {
            guard !requiresClientCertificate else {
                throw .invalidArgument(
                    "clients must show a certificate (client_verify), but no authority is named that may sign it; "
                        + "expected PEM text of one in custom_ca"
                )
            }
            return []
        }
        let authorities = try Self.certificates(clientAuthorities)
        for (index, authority) in authorities.enumerated() where !authority.isAuthority {
            throw .invalidArgument(
                "certificate \(index + 1) in \(clientAuthorities.origin) is not an authority's; expected one whose "
                    + "basic constraints say CA:TRUE"
            )
        }
        // Bundles carry old authorities along; one that is valid is enough.
        guard authorities.contains(where: { $0.notValidBefore <= now && now <= $0.notValidAfter }) else {
            throw .invalidArgument("no certificate in \(clientAuthorities.origin) is valid now")
        }
        return authorities
    }
}

extension NIOSSLCertificate {
    /// Whether the basic constraints (RFC 5280, section 4.2.1.9) let it sign certificates:
    /// `SEQUENCE { cA BOOLEAN DEFAULT FALSE, ... }`.
    var isAuthority: Bool {
        let identifier = NIOSSLObjectIdentifier("2.5.29.19")
        guard let constraints = _extensions.first(where: { $0.objectIdentifier == identifier })?.data else {
            return false
        }
        let boolean: UInt8 = 0x01
        return constraints.count >= 5 && constraints[2] == boolean && constraints[3] == 1 && constraints[4] != 0
    }
}
