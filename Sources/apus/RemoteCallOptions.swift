import ArgumentParser
import ServingConfig

/// How models on other machines are asked.
struct RemoteCallOptions: ParsableArguments {
    @Option(
        name: .customLong("remote-timeout-ms"),
        help: "Longest time of such a call; 0 is no limit but that of the graph and of its caller."
    )
    var timeoutMilliseconds = 0

    @Flag(
        name: .customLong("remote-retry"),
        inversion: .prefixedNo,
        help: "Make a call that a replica cannot answer once more, of another one."
    )
    var retries = true

    @Option(
        name: .customLong("remote-hedge-ms"),
        help: "Ask another replica as well when there is no answer after that time; 0 never."
    )
    var hedgeMilliseconds = 0

    func apply(to configuration: inout ServerConfiguration) {
        configuration.remoteLookups.timeoutMilliseconds = timeoutMilliseconds
        configuration.remoteLookups.retries = retries
        configuration.remoteLookups.hedgeMilliseconds = hedgeMilliseconds
    }
}
