import Logging
import ServingConfig
import Telemetry

extension ServerConfiguration.Telemetry.LogFormat {
    /// What writes the server's own log to standard error.
    func makeHandler(label: String) -> any LogHandler {
        switch self {
        case .text: StreamLogHandler.standardError(label: label)
        case .json: JSONLogHandler(label: label)
        }
    }
}

extension ServerConfiguration {
    /// Whether SIGHUP has something to do. Where it has not, it ends the process, as it does by default.
    var listensForHangup: Bool { hasSecrets || telemetry.accessLog != nil || placement?.devicesFile != nil }
}
