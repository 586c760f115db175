/// What a TLS server shows its clients, and what it asks of them.
public struct TLSCredentials: Sendable, Hashable {
    /// The server's certificate, intermediates after it.
    public var certificateChain: PEMText
    /// The first certificate's key, not encrypted.
    public var privateKey: PEMText
    /// Who may sign clients' certificates; only these, not the system's trust store.
    public var clientAuthorities: PEMText?
    /// Clients without a certificate that one of `clientAuthorities` signed are refused.
    public var requiresClientCertificate: Bool

    public init(
        certificateChain: PEMText,
        privateKey: PEMText,
        clientAuthorities: PEMText? = nil,
        requiresClientCertificate: Bool = false
    ) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.clientAuthorities = clientAuthorities
        self.requiresClientCertificate = requiresClientCertificate
    }
}
