import AccessControl
import Logging
import ServingPrimitives

/// The file that says who may do what: read at start, and again when it has changed.
///
/// A file that is wrong is refused with a line in the log, and the rules before stay in force.
final class APIKeysFile: Sendable {
    private static let lookInterval = Duration.seconds(2)

    let gate: AccessGate
    private let path: String
    private let logger: Logger
    private let file: WatchedFiles

    /// - Throws: what is wrong with the file, without the keys in it.
    init(path: String, logger: Logger) throws(ServingError) {
        self.path = path
        self.logger = logger
        file = WatchedFiles([path])
        gate = AccessGate(rules: try Self.rules(path), logger: logger)
        SecretFile.warnIfEverybodyCanRead(path, logger)
    }

    /// Looks for changes until the task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.lookInterval)
            _ = await onOwnThread(named: "api-keys") { self.look() }
        }
    }

    /// Reads the file when it has changed since it was read and did not change since the last look.
    func look() {
        if file.haveChanged() { renew() }
    }

    /// Reads the file as it is.
    func renewNow() {
        file.willBeRead()
        renew()
    }

    private func renew() {
        do throws(ServingError) {
            let rules = try Self.rules(path)
            gate.use(rules)
            logger.info(
                "The API keys were read again",
                metadata: ["path": "\(path)", "keys": "\(rules.keyCount)"]
            )
            SecretFile.warnIfEverybodyCanRead(path, logger)
        } catch {
            logger.error(
                "The new API keys are refused; those before stay in force",
                metadata: ["path": "\(path)", "error": "\(error)"]
            )
        }
    }

    private static func rules(_ path: String) throws(ServingError) -> AccessRules {
        let bytes = try LocalFile.contents(of: path, limit: AccessRules.maximumByteCount)
        do throws(ServingError) {
            return try AccessRules(bytes)
        } catch {
            throw ServingError(error.code, "The API keys file \(path) cannot be used: \(error.message)")
        }
    }
}
