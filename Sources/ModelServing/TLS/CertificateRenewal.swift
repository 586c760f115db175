import Logging
import ServingConfig
import ServingPrimitives
import TransportSecurity

/// Watches the files of one set of TLS credentials and has the front ends use what is in them.
///
/// Credentials that are wrong are refused with a line in the log, and those before stay in use.
final class CertificateRenewal: Sendable {
    private let source: ServerConfiguration.TLS
    private let frontEnds: [ServerTLS]
    private let logger: Logger
    private let files: WatchedFiles

    /// - Parameter read: the files as they were before the credentials in use were read from them.
    init(source: ServerConfiguration.TLS, frontEnds: [ServerTLS], read: FileStamps, logger: Logger) {
        self.source = source
        self.frontEnds = frontEnds
        self.logger = logger
        files = WatchedFiles(source.paths, read: read)
    }

    /// Renews the credentials when the files have changed since they were read and did not change since the last look:
    /// certificate and key are often written one after the other. Reads files.
    func look() {
        if files.haveChanged() { renew() }
    }

    /// Renews the credentials from the files as they are. Reads files.
    func renewNow() {
        files.willBeRead()
        renew()
    }

    private func renew() {
        do throws(ServingError) {
            let credentials = try source.credentials()
            var prepared: [ServerTLS.Prepared] = []
            // All before the first is used: either all front ends get the new credentials or none.
            for frontEnd in frontEnds { prepared.append(try frontEnd.prepare(credentials)) }
            SecretFile.warnIfEverybodyCanRead(source.secretPath, logger)
            for (frontEnd, prepared) in zip(frontEnds, prepared) { frontEnd.use(prepared) }
            logger.info(
                "The TLS certificate was read again; new connections use it",
                metadata: ["path": "\(source.paths[0])", "expires": "\(prepared[0].expiry)"]
            )
        } catch {
            logger.error(
                "The new TLS certificate is refused; the one before stays in use",
                metadata: ["path": "\(source.paths[0])", "error": "\(error)"]
            )
        }
    }
}
