import ArgumentParser
import ModelServing
import ServingConfig
import ServingPrimitives

/// gRPC's channel arguments, as `tensorflow_model_server` takes them.
struct ChannelOptions: ParsableArguments {
    @Option(
        name: .customLong("grpc-channel-arguments"),
        help: ArgumentHelp(
            "gRPC core's channel arguments, like grpc.max_connection_age_ms=60000.",
            valueName: "key=value,..."
        )
    )
    var arguments = ""

    func validate() throws {
        do {
            _ = try ChannelArgumentList.parse(arguments)
        } catch {
            throw ValidationError(error.message)
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        // `validate` has seen to it that this cannot fail.
        configuration.grpc.channelArguments = (try? ChannelArgumentList.parse(arguments)) ?? []
        configuration.warnings += configuration.grpc.channelArgumentWarnings
    }
}
