import ArgumentParser
import ModelServing
import ServingConfig

/// Models on other machines that graphs ask.
struct RemoteOptions: ParsableArguments {
    @Option(
        name: .customLong("remote-routes"),
        help: ArgumentHelp(
            "Text file with a line `route NAME ADDRESS [ADDRESS ...]` for each shard that other servers have.",
            discussion: """
                An entry asks the shards beside it, and those it does not find there over gRPC at these addresses. The \
                server looks at the file again and again; one that is wrong is refused, and the routes stay as they were.
                """,
            valueName: "file"
        )
    )
    var routesFile: String?

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
        configuration.remoteLookups.routesFile = routesFile.map(AbsolutePath.of)
        configuration.remoteLookups.timeoutMilliseconds = timeoutMilliseconds
        configuration.remoteLookups.retries = retries
        configuration.remoteLookups.hedgeMilliseconds = hedgeMilliseconds
    }
}
