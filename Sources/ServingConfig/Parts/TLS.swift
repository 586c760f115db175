extension ServerConfiguration {
    /// What a TLS server needs, as PEM text.
    public struct TLS: Sendable, Hashable {
        public var privateKey: String
        /// The server's certificate, intermediates after it.
        public var certificateChain: String
        /// Who may sign client certificates; empty is the system's trust store.
        public var clientAuthorities: String
        /// Clients must show a certificate.
        public var requiresClientCertificate: Bool

        public init(
            privateKey: String,
            certificateChain: String,
            clientAuthorities: String = "",
            requiresClientCertificate: Bool = false
        ) {
            self.privateKey = privateKey
            self.certificateChain = certificateChain
            self.clientAuthorities = clientAuthorities
            self.requiresClientCertificate = requiresClientCertificate
        }
    }
}
