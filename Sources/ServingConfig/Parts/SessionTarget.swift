public import ServingPrimitives

/// A TensorFlow cluster that runs models, by its master: `grpc://HOST:PORT`.
public struct SessionTarget: Sendable, Hashable {
    public let host: String
    public let port: Int

    /// What stands for the runtime of this process.
    private static let local = "local"
    private static let scheme = "grpc://"
    private static let longestHost = 253

    /// - Returns: `nil` for the runtime of this process, which is what `local` and an empty text ask for.
    /// - Throws: `INVALID_ARGUMENT`: what was expected.
    public static func parse(_ text: String) throws(ServingError) -> SessionTarget? {
        if text.isEmpty || text == local { return nil }
        guard text.hasPrefix(scheme), let target = SessionTarget(authority: text.dropFirst(scheme.count)) else {
            throw .invalidArgument("session_target is \"\(text)\"; expected grpc://HOST:PORT, or local")
        }
        return target
    }

    private init?(authority: Substring) {
        guard let colon = authority.lastIndex(of: ":"), let port = Int(authority[authority.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = authority[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        let isPlain = host.utf8.allSatisfy { byte in
            (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || [0x2D, 0x2E, 0x3A, 0x5F].contains(byte)
        }
        guard isPlain, (1...Self.longestHost).contains(host.utf8.count) else { return nil }
        self.host = String(host)
        self.port = port
    }
}

extension ServerConfiguration {
    /// Running models on a TensorFlow cluster.
    public struct Cluster: Sendable, Hashable {
        /// Where models run whose own configuration does not say: `grpc://HOST:PORT`; empty is this process.
        public var sessionTarget = ""
        /// How long a step of loading, or a run without a deadline, may take.
        public var timeoutMilliseconds = 60_000

        public init() {}

        func problems() -> [ServingError] {
            var problems: [ServingError] = []
            do throws(ServingError) { _ = try SessionTarget.parse(sessionTarget) } catch { problems.append(error) }
            if !(1...86_400_000).contains(timeoutMilliseconds) {
                problems.append(
                    .invalidArgument(
                        "session_target_timeout_ms is \(timeoutMilliseconds); expected a number from 1 to 86400000"
                    )
                )
            }
            return problems
        }
    }
}

extension ServerConfiguration.Model {
    /// What is wrong with where the model is to run.
    var sessionTargetProblem: ServingError? {
        do throws(ServingError) {
            guard try SessionTarget.parse(sessionTarget) != nil, isolation == .process else { return nil }
            return .invalidArgument(
                "Model \(name) asks for a process of its own and for the cluster \(sessionTarget); expected one of the two"
            )
        } catch {
            return .invalidArgument("Model \(name): \(error.message)")
        }
    }
}
