public import ArgumentParser
import ModelServing
public import ServingConfig

/// Shards of embeddings.
struct ShardOptions: ParsableArguments {
    @Option(
        name: .customLong("embedding-path-prefix"),
        help: ArgumentHelp(
            "Where files lie here whose paths an export names as training saw them; repeat for more.",
            discussion:
                "hdfs://namenode/models=/data/models finds hdfs://namenode/models/a/model.ckpt-1 in /data/models/a.",
            valueName: "foreign=local"
        )
    )
    var pathPrefixes: [ServerConfiguration.Embedding.PathPrefix] = []

    @Option(
        name: .customLong("embedding-cache-dir"),
        help: ArgumentHelp(
            "Folder for tables in the form in which they are served.",
            discussion: "Without it: $XDG_CACHE_HOME/apus/embeddings or ~/.cache/apus/embeddings.",
            valueName: "folder"
        )
    )
    var cacheFolder: String?

    @Option(
        name: .customLong("embedding-update-bytes"),
        help: "Bytes that pushed rows of each table may take beside those of its dump."
    )
    var updateBytes: Int64 = 1 << 30

    @Option(
        name: .customLong("embedding-journal-bytes"),
        help: "Bytes of the journal that keeps the rows pushed to a base path; 0 keeps none."
    )
    var journalBytes: Int64 = 1 << 30

    @Option(
        name: .customLong("embedding-journal-sync"),
        help: "When pushed rows go to the disk: always (before they are answered), second or never."
    )
    var journalSync = ServerConfiguration.Embedding.JournalSync.always

    @Flag(
        name: .customLong("embedding-huge-pages"),
        help: "Copy tables into huge pages instead of mapping their files."
    )
    var usesHugePages = false

    func apply(to configuration: inout ServerConfiguration) {
        configuration.embedding.pathPrefixes = pathPrefixes
        configuration.embedding.cacheFolder = cacheFolder.map { AbsolutePath.of($0).withoutSlashAtEnd }
        configuration.embedding.updateBytes = updateBytes
        configuration.embedding.journalBytes = journalBytes
        configuration.embedding.journalSync = journalSync
        configuration.embedding.usesHugePages = usesHugePages
    }
}

extension ServerConfiguration.Embedding.PathPrefix: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension ServerConfiguration.Embedding.JournalSync: ExpressibleByArgument {}
