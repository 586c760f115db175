extension ServerConfiguration {
    /// Where a front end's certificate, key and client authorities come from. Files, because they are read again when
    /// they change: a certificate is renewed without a restart.
    public enum TLS: Sendable, Hashable {
        /// A text file with TensorFlow Serving's `SSLConfig`, which holds the PEM texts themselves.
        case sslConfigFile(String)
        /// PEM files; clients must show a certificate when there is one with authorities.
        case pemFiles(certificateChain: String, privateKey: String, clientAuthorities: String?)
    }
}

extension ServerConfiguration {
    /// Whether any front end has certificates.
    public var usesTLS: Bool { grpc.tls != nil || rest.tls != nil }

    /// Whether there are files with secrets, which are read again at SIGHUP.
    public var hasSecrets: Bool { usesTLS || apiKeysFile != nil }
}
