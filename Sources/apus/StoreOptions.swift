public import ArgumentParser
public import ServingConfig

/// When a version's files count as complete.
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

    func apply(to configuration: inout ServerConfiguration) {
        configuration.stores.settleMilliseconds = settleMs
        configuration.stores.checksums = checksums
    }
}

extension ServerConfiguration.Checksums: ExpressibleByArgument {}
