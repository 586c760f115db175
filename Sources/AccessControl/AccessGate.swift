public import Logging
public import ServingPrimitives
import Synchronization

/// The rules in force, which may be replaced while calls are checked, and the log of those who were turned away.
public final class AccessGate: Sendable {
    /// Refusals that are logged in a second; of more only their number is told.
    private static let loggedPerSecond = 20

    private struct Refusals {
        var second: UInt64 = 0
        var count = 0
    }

    private let rules: Mutex<AccessRules>
    private let refusals = Mutex(Refusals())
    private let logger: Logger
    private let now: @Sendable () -> MonotonicTime

    public init(
        rules: AccessRules,
        logger: Logger,
        now: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        self.rules = Mutex(rules)
        self.logger = logger
        self.now = now
    }

    /// Checks calls by these rules from now on.
    public func use(_ rules: AccessRules) { self.rules.withLock { $0 = rules } }

    /// - Parameter key: as the caller presents it; `nil` for a caller without one.
    /// - Throws: `UNAUTHENTICATED` for a key nobody has, and without one where callers without may do nothing.
    public func caller(presenting key: (some Collection<UInt8>)?) throws(ServingError) -> AccessCaller {
        let rules = rules.withLock { $0 }
        guard let key else {
            guard let anonymous = rules.anonymous else {
                throw ServingError(
                    .unauthenticated,
                    "This server asks for an API key: send it as \"authorization: Bearer KEY\" or \"x-api-key: KEY\""
                )
            }
            return AccessCaller(name: "anonymous", grant: anonymous)
        }
        guard let caller = rules.caller(presenting: key) else {
            throw ServingError(.unauthenticated, "The API key is not one of this server's")
        }
        return caller
    }

    /// Logs that somebody was turned away. There is no secret in what is logged.
    func logRefusal(_ error: ServingError, _ verb: AccessVerb, model: String?, caller: String?, peer: String) {
        let second = now().nanoseconds / 1_000_000_000
        let (isLogged, suppressed) = refusals.withLock { refusals -> (Bool, Int) in
            var suppressed = 0
            if refusals.second != second {
                suppressed = max(0, refusals.count - Self.loggedPerSecond)
                refusals = Refusals(second: second)
            }
            refusals.count += 1
            return (refusals.count <= Self.loggedPerSecond, suppressed)
        }
        guard isLogged else { return }
        var facts: Logger.Metadata = ["verb": "\(verb.rawValue)", "peer": "\(peer)", "reason": "\(error)"]
        if let model { facts["model"] = "\(model)" }
        if let caller { facts["caller"] = "\(caller)" }
        if suppressed > 0 { facts["more_before"] = "\(suppressed)" }
        logger.warning("A call was refused", metadata: facts)
    }
}
