public import ServingPrimitives

/// The files of one dump: so many shards of one table, or of several tables.
public struct DumpFiles: Sendable, Hashable {
    public enum Layout: String, Sendable, Hashable, CaseIterable {
        /// One table, uncompressed. Its name is that of the files.
        case plain
        /// Any number of tables one after the other, compressed with Snappy; a metadata file beside each shard says where
        /// each ends.
        case multi
    }

    /// Ends with a slash; empty for the working folder.
    public let folder: String
    /// What the names of the files begin with.
    public let name: String
    public let layout: Layout
    public let shardCount: Int

    /// - Throws: `INVALID_ARGUMENT` when files cannot have that name, or there cannot be so many.
    public init(base: String, layout: Layout, shardCount: Int) throws(ServingError) {
        let slash = base.lastIndex(of: "/").map { base.index(after: $0) } ?? base.startIndex
        try self.init(
            folder: String(base[..<slash]),
            name: String(base[slash...]),
            layout: layout,
            shardCount: shardCount
        )
    }

    init(folder: String, name: String, layout: Layout, shardCount: Int) throws(ServingError) {
        guard !name.isEmpty, !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") }) else {
            throw .invalidArgument(
                "files of a dump cannot be named \(JSONQuoting.quoted(name)): a slash or a control character, or no name"
            )
        }
        guard (1...DumpFileName.maximumShardCount).contains(shardCount) else {
            throw .invalidArgument("\(shardCount) shards: a dump has 1 to \(DumpFileName.maximumShardCount)")
        }
        self.folder = folder
        self.name = name
        self.layout = layout
        self.shardCount = shardCount
    }

    /// The path of the files, without what tells them apart.
    public var base: String { folder + name }

    public func dataPath(_ shard: Int) -> String { folder + fileName(shard).text }

    /// Of a dump of several tables.
    public func metadataPath(_ shard: Int) -> String { folder + fileName(shard, isMetadata: true).text }

    func fileName(_ shard: Int, isMetadata: Bool = false) -> DumpFileName {
        DumpFileName(base: name, isMetadata: isMetadata, shard: shard, shardCount: shardCount)
    }
}
