import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import TransportSecurity

extension ServerConfiguration.TLS {
    /// The files that the credentials are in.
    var paths: [String] {
        switch self {
        case .sslConfigFile(let path): [path]
        case .pemFiles(let chain, let key, let authorities): [chain, key] + (authorities.map { [$0] } ?? [])
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
        PEMText(try TextFile.read(path), origin: path)
    }

    private static func pem(_ path: String?) throws(ServingError) -> PEMText? {
        guard let path else { return nil }
        return try pem(path)
    }

    private static func credentials(sslConfigFile path: String) throws(ServingError) -> TLSCredentials {
        let text = try TextFile.read(path)
        let message: Tensorflow_Serving_SSLConfig
        do {
            message = try Tensorflow_Serving_SSLConfig(textFormatString: text)
        } catch {
            throw .invalidArgument("Invalid protobuf file: '\(path)'")
        }
        return TLSCredentials(
            certificateChain: PEMText(message.serverCert, origin: "server_cert of \(path)"),
            privateKey: PEMText(message.serverKey, origin: "server_key of \(path)"),
            clientAuthorities: message.customCa.isEmpty
                ? nil : PEMText(message.customCa, origin: "custom_ca of \(path)"),
            requiresClientCertificate: message.clientVerify
        )
    }
}
