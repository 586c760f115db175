import ArgumentParser
import ModelServing
import ServingConfig

/// TLS of gRPC and REST, from PEM files.
struct TLSOptions: ParsableArguments {
    @Option(
        name: .customLong("tls-cert"),
        help: ArgumentHelp(
            "PEM file with the server's certificate, intermediates after it: TLS for gRPC and REST.",
            discussion: "Read again when it changes, and at SIGHUP; a wrong one is refused and the old one kept.",
            valueName: "file"
        )
    )
    var certificate: String?

    @Option(
        name: .customLong("tls-key"),
        help: ArgumentHelp("PEM file with the certificate's private key.", valueName: "file")
    )
    var key: String?

    @Option(
        name: .customLong("tls-client-ca"),
        help: ArgumentHelp(
            "PEM file with authorities: clients must show a certificate that one of them signed.",
            valueName: "file"
        )
    )
    var clientAuthorities: String?

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--tls-cert and --tls-key belong together; only one of them is given")
        }
        if clientAuthorities != nil, certificate == nil {
            throw ValidationError("--tls-client-ca needs --tls-cert and --tls-key")
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        guard let certificate, let key else { return }
        let tls = ServerConfiguration.TLS.pemFiles(
            certificateChain: certificate,
            privateKey: key,
            clientAuthorities: clientAuthorities
        )
        configuration.grpc.tls = tls
        configuration.rest.tls = tls
    }
}
