import ServingConfig
import ServingPrimitives

extension ModelServerFlags {
    func applyTelemetry(to configuration: inout ServerConfiguration) throws(ServingError) {
        guard let format = ServerConfiguration.Telemetry.LogFormat(rawValue: logFormat) else {
            throw .invalidArgument("log_format is \"\(logFormat)\"; expected text or json")
        }
        configuration.telemetry.logFormat = format
        configuration.telemetry.accessLog = accessLog.isEmpty ? nil : accessLog
        configuration.telemetry.traceEndpoint = otlpEndpoint.isEmpty ? nil : otlpEndpoint
        configuration.telemetry.traceSampling = traceSampling
        configuration.telemetry.flightRecorderSize = Int(flightRecorderSize)
        configuration.telemetry.slowRequestMilliseconds = Int(slowRequestMilliseconds)
        configuration.telemetry.countsRequests = requestMetrics
    }
}
