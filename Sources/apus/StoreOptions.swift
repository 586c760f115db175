public import ArgumentParser
import ModelServing
public import ServingConfig

/// When a version's files count as complete, and versions of stores.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Milliseconds that a version's files must have been left alone before it is loaded.",
            valueName: "ms"
        )
    )
    var settleMs: Int64 = 2_000

    @Option(
        help: ArgumentHelp(
            "What to do about a file SHA256SUMS in a version's folder, as sha256sum writes it: verify, require or ignore.",
            discussion: "verify holds the version to it where there is one; require serves no version without.",
            valueName: "rule"
        )
    )
    var checksums = ServerConfiguration.Checksums.verify

    @Option(
        help: ArgumentHelp(
            "Folder for versions fetched from s3://, gs://, http:// and https://; one server has it at a time.",
            discussion: "Without it: $XDG_CACHE_HOME/apus or ~/.cache/apus.",
            valueName: "folder"
        )
    )
    var storeCacheDir: String?

    @Option(help: "Bytes of that folder; 0 is what the disk has.")
    var storeCacheBytes: Int64 = 0

    @Option(help: "Bytes that one fetched version may have, unpacked.")
    var modelFetchBytes: Int64 = 1 << 40

    @Option(help: "Transfers of one version side by side.")
    var fetchConnections = 8

    @Option(help: "Seconds for which the listing of a store counts before it is asked again.")
    var storePollSeconds = 10

    func apply(to configuration: inout ServerConfiguration) {
        configuration.stores.settleMilliseconds = settleMs
        configuration.stores.checksums = checksums
        configuration.stores.cacheFolder = storeCacheDir.map { AbsolutePath.of($0).withoutSlashAtEnd }
        configuration.stores.cacheBytes = storeCacheBytes
        configuration.stores.versionBytes = modelFetchBytes
        configuration.stores.fetchConnections = fetchConnections
        configuration.stores.listSeconds = storePollSeconds
    }
}

extension ServerConfiguration.Checksums: ExpressibleByArgument {}
