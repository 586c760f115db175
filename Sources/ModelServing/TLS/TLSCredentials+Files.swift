import ServingConfig
import ServingPrimitives
import ServingProtos
import TransportSecurity

extension ServerConfiguration.TLS {
    /// Bundles of authorities have some 200 KiB.
    private static let largestFile = 4 << 20

    /// The files that the credentials are in.
    var paths: [String] {
        switch self {
        case .sslConfigFile(let path): [path]
        case .pemFiles(let chain, let key, let authorities): [chain, key] + (authorities.map { [$0] } ?? [])
        }
    }

    /// The one of them with the private key.
    var secretPath: String {
        switch self {
        case .sslConfigFile(let path): path
        case .pemFiles(_, let key, _): key
        }
    }

    /// Reads them; what is in them is not looked at.
    func credentials() throws(ServingError) -> TLSCredentials {
        switch self {
        case .sslConfigFile(let path): try Self.credentials(sslConfigFile: path)
        case .pemFiles(let chain, let key, let authorities):
            TLSCredentials(
                certificateChain: try Self.pem(chain),
                privateKey: try Self.pem(key),
                clientAuthorities: try Self.pem(authorities),
                requiresClientCertificate: authorities != nil
            )
        }
    }

    private static func pem(_ path: String) throws(ServingError) -> PEMText {
        let bytes = try LocalFile.contents(of: path, limit: largestFile)
        return PEMText(String(decoding: bytes, as: UTF8.self), origin: path)
    }

    private static func pem(_ path: String?) throws(ServingError) -> PEMText? {
        guard let path else { return nil }
        return try pem(path)
    }

    private static func credentials(sslConfigFile path: String) throws(ServingError) -> TLSCredentials {
        let message = try ConfigurationFile.read(path, as: Tensorflow_Serving_SSLConfig.self)
        return TLSCredentials(
            certificateChain: PEMText(message.serverCert, origin: "server_cert of \(path)"),
            privateKey: PEMText(message.serverKey, origin: "server_key of \(path)"),
            clientAuthorities: message.customCa.isEmpty
                ? nil : PEMText(message.customCa, origin: "custom_ca of \(path)"),
            requiresClientCertificate: message.clientVerify
        )
    }
}
