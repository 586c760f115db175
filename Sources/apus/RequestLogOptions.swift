import ArgumentParser
import ServingConfig

/// How much the request logs may take that the configuration file asks for with `logging_config`.
struct RequestLogOptions: ParsableArguments {
    @Option(help: "Size in megabytes after which a file of a log is followed by another.")
    var requestLogFileMegabytes = 64

    @Option(help: "Age in seconds after which a file of a log is followed by another.")
    var requestLogFileSeconds = 3600

    @Option(help: "Files kept of each log, the oldest are deleted; 0 keeps all.")
    var requestLogFiles = 16

    @Option(
        help: "Megabytes of memory for requests that wait for the disk; what comes beyond is not logged, and counted."
    )
    var requestLogBufferMegabytes = 32

    func validate() throws {
        // What is wrong with smaller numbers is said with the other problems.
        for megabytes in [requestLogFileMegabytes, requestLogBufferMegabytes] where megabytes.magnitude > 1 << 20 {
            throw ValidationError("\(megabytes) megabytes are too many for a request log; expected 1 to 1048576")
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        configuration.requestLogFiles.maximumByteCount = requestLogFileMegabytes << 20
        configuration.requestLogFiles.maximumSeconds = requestLogFileSeconds
        configuration.requestLogFiles.maximumCount = requestLogFiles
        configuration.requestLogFiles.maximumWaitingByteCount = requestLogBufferMegabytes << 20
    }
}
