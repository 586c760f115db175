public import ServingConfig
public import ServingPrimitives

/// Reads `--grpc_channel_arguments`.
public enum ChannelArgumentList {
    /// - Parameter text: `key=value,key=value`; empty is none.
    /// - Throws: `INVALID_ARGUMENT` with the part that is none of these.
    public static func parse(_ text: String) throws(ServingError) -> [ServerConfiguration.ChannelArgument] {
        guard !text.isEmpty else { return [] }
        var arguments: [ServerConfiguration.ChannelArgument] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pieces.count == 2, !pieces[0].isEmpty else {
                throw .invalidArgument(
                    "grpc_channel_arguments has the part \"\(part)\"; expected key=value parts with commas between them, "
                        + "like grpc.max_concurrent_streams=100,grpc.max_connection_age_ms=60000"
                )
            }
            arguments.append(.init(name: String(pieces[0]), value: String(pieces[1])))
        }
        return arguments
    }
}
