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

    @OptionGroup var calls: RemoteCallOptions

    func apply(to configuration: inout ServerConfiguration) {
        configuration.remoteLookups.routesFile = routesFile.map(AbsolutePath.of)
        calls.apply(to: &configuration)
    }
}
