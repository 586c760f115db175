import ServingConfig

extension ModelServerFlags {
    /// `--ssl_config_file` is gRPC's alone, as in TensorFlow Serving: REST clients of a server that is replaced go on
    /// in plain text. `--rest_ssl_config_file` is ours. The server reads the files, also later when they change.
    func applyTLS(to configuration: inout ServerConfiguration) {
        configuration.grpc.tls = sslConfigFile.isEmpty ? nil : .sslConfigFile(sslConfigFile)
        configuration.rest.tls = restSSLConfigFile.isEmpty ? nil : .sslConfigFile(restSSLConfigFile)
    }
}
