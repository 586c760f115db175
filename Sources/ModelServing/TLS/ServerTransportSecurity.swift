import Logging
import NIOCore
import ServingConfig
import ServingPrimitives
import TransportSecurity

/// TLS of all front ends of a server, and the renewal of their certificates.
struct ServerTransportSecurity: Sendable {
    private static let lookInterval = Duration.seconds(2)

    let grpc: ServerTLS?
    let rest: ServerTLS?
    /// Of the control port: with the credentials of gRPC, else of REST.
    let control: ServerTLS?
    private let renewals: [CertificateRenewal]

    /// Reads and checks all credentials.
    ///
    /// - Throws: which file or field is wrong, how, and what was expected.
    init(_ configuration: ServerConfiguration, logger: Logger) throws(ServingError) {
        let restSource = configuration.rest.port == nil ? nil : configuration.rest.tls
        let controlSource =
            configuration.control.port == nil ? nil : configuration.grpc.tls ?? configuration.rest.tls
        var control: ServerTLS?
        var grpc: ServerTLS?
        var rest: ServerTLS?
        var renewals: [CertificateRenewal] = []
        let handshakeTimeout = configuration.grpc.transportSettings.handshakeTimeout
        // One set of files for both is watched and renewed once.
        for source in Set([configuration.grpc.tls, restSource, controlSource].compactMap { $0 }) {
            let stamps = FileStamps(of: source.paths)
            let credentials = try source.credentials()
            var frontEnds: [ServerTLS] = []
            if source == configuration.grpc.tls {
                let tls = try ServerTLS(
                    credentials: credentials,
                    applicationProtocols: ["h2"],
                    handshakeTimeout: handshakeTimeout.map { .milliseconds(Int64($0)) } ?? ServerTLS.handshakeTimeout,
                    logger: logger
                )
                grpc = tls
                frontEnds.append(tls)
            }
            if source == restSource {
                let tls = try ServerTLS(credentials: credentials, applicationProtocols: ["http/1.1"], logger: logger)
                rest = tls
                frontEnds.append(tls)
            }
            if source == controlSource {
                let tls = try ServerTLS(
                    credentials: credentials,
                    applicationProtocols: ["h2", "http/1.1"],
                    logger: logger
                )
                control = tls
                frontEnds.append(tls)
            }
            SecretFile.warnIfEverybodyCanRead(source.secretPath, logger)
            renewals.append(CertificateRenewal(source: source, frontEnds: frontEnds, read: stamps, logger: logger))
        }
        self.grpc = grpc
        self.rest = rest
        self.control = control
        self.renewals = renewals
    }

    /// Looks for renewed certificates until the task is cancelled.
    func watch() async {
        guard !renewals.isEmpty else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.lookInterval)
            _ = await onOwnThread(named: "certificates") { for renewal in renewals { renewal.look() } }
        }
    }

    /// Reads all certificates again. Blocks for some milliseconds.
    func renewNow() {
        for renewal in renewals { renewal.renewNow() }
    }
}
