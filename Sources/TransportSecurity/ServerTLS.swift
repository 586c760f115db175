public import Logging
public import NIOCore
import NIOSSL
public import ServingPrimitives
import Synchronization

/// TLS of a front end: puts itself in front of each connection's handlers, with credentials that can be renewed.
///
/// TLS 1.2 and newer. A connection keeps the credentials it began with.
public final class ServerTLS: Sendable {
    /// Credentials that were checked and are ready for use.
    public struct Prepared: Sendable {
        fileprivate let context: NIOSSLContext
        fileprivate let credentials: TLSCredentials
        /// When the server's certificate expires, like `2026-11-21 14:30:00 UTC`.
        public let expiry: String
    }

    /// How long a handshake may take where nothing else is said.
    public static let handshakeTimeout = TimeAmount.seconds(10)

    private let applicationProtocols: [String]
    private let handshakeTimeout: TimeAmount
    private let now: @Sendable () -> Int
    private let current: Mutex<Prepared>
    private let failures: HandshakeFailures

    /// - Parameters:
    ///   - applicationProtocols: what clients are offered by ALPN: `h2`, `http/1.1` or both, the preferred one first.
    ///   - handshakeTimeout: a client that is not through with its handshake by then loses its connection.
    ///   - now: seconds since 1970.
    /// - Throws: `INVALID_ARGUMENT` with what is wrong with the credentials.
    public init(
        credentials: TLSCredentials,
        applicationProtocols: [String],
        handshakeTimeout: TimeAmount = ServerTLS.handshakeTimeout,
        logger: Logger,
        now: (@Sendable () -> Int)? = nil
    ) throws(ServingError) {
        self.applicationProtocols = applicationProtocols
        self.handshakeTimeout = handshakeTimeout
        let now = now ?? UTCTime.now
        self.now = now
        failures = HandshakeFailures(logger: logger)
        current = Mutex(try Self.prepare(credentials, applicationProtocols, now: now()))
    }

    /// Makes other credentials ready. Blocks for some milliseconds; not for event loops.
    ///
    /// - Throws: `INVALID_ARGUMENT` with what is wrong with them.
    public func prepare(_ credentials: TLSCredentials) throws(ServingError) -> Prepared {
        try Self.prepare(credentials, applicationProtocols, now: now())
    }

    /// Uses these credentials for connections that begin from now on.
    public func use(_ prepared: Prepared) { current.withLock { $0 = prepared } }

    /// What new connections get.
    public var credentials: TLSCredentials { current.withLock { $0.credentials } }

    /// When the server's certificate expires.
    public var expiry: String { current.withLock { $0.expiry } }

    /// Connections that ended without a finished handshake.
    public var failedHandshakeCount: Int { failures.count }

    /// Adds TLS to a connection, before its other handlers. On its event loop.
    public func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        let context = current.withLock { $0.context }
        var configuration = NIOSSLServerHandler.Configuration()
        // What one large answer needed is not kept for the connection's life.
        configuration.maximumPreservedOutboundBufferCapacity = 1 << 20
        try pipeline.addHandler(NIOSSLServerHandler(context: context, configuration: configuration))
        try pipeline.addHandler(HandshakeWatch(timeout: handshakeTimeout, failures: failures))
    }

    private static func prepare(
        _ credentials: TLSCredentials,
        _ applicationProtocols: [String],
        now: Int
    ) throws(ServingError) -> Prepared {
        let checked = try credentials.check(now: now)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: checked.certificates.map { .certificate($0) },
            privateKey: .privateKey(checked.key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = applicationProtocols
        // A peer that does not answer our close in time loses the connection anyway; a shutdown waits for it.
        configuration.shutdownTimeout = .seconds(1)
        if credentials.requiresClientCertificate {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(checked.authorities)
            configuration.sendCANameList = true
        }
        do {
            let expiry = UTCTime.text(checked.certificates[0].notValidAfter)
            return Prepared(
                context: try NIOSSLContext(configuration: configuration),
                credentials: credentials,
                expiry: expiry
            )
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw .invalidArgument(
                "the private key in \(credentials.privateKey.origin) does not belong to the first certificate in "
                    + "\(credentials.certificateChain.origin); expected the key that the certificate was made for"
            )
        } catch {
            throw .invalidArgument("TLS cannot use the certificate in \(credentials.certificateChain.origin): \(error)")
        }
    }
}
