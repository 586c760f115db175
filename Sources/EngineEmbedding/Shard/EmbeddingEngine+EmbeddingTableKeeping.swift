public import EngineInterface
public import ServingPrimitives

/// Tables of graphs that TensorFlow runs are those of shards: with the same import, journal, upkeep and metrics.
extension EmbeddingEngine: EmbeddingTableKeeping {
    public func makeTables(
        _ definition: EmbeddingTableDefinition,
        in folder: String
    ) throws(ServingError) -> any EmbeddingTables {
        var group: TableGroup
        switch definition.kind {
        case .multi: group = try .multi(definition.sharedName, definition.configuration, node: definition.sharedName)
        case .plain: group = try .plain(definition.sharedName, definition.configuration)
        }
        guard group.tables.count <= TableGroup.maximumTables else {
            throw .invalidArgument("\(definition.sharedName) has more than \(TableGroup.maximumTables) tables")
        }
        group.dump = try definition.dump.map { (dump) throws(ServingError) in
            try path(of: dump, definition.sharedName, in: folder)
        }
        return try load([group], in: folder)
    }

    /// - Parameter dump: the graph's word for it, which has the path of the version where it has its folder of assets.
    private func path(of dump: String, _ table: String, in folder: String) throws(ServingError) -> String {
        let isOwn = dump.hasPrefix("\(folder)/")
        let path = try isOwn ? dump : options.pathPrefixes.local(dump, of: table)
        // That folder's name is `./`: errors show paths as people write them.
        return path.replacing("/./", with: "/")
    }
}
