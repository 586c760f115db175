import EngineInterface
import ModelSignatures
import ServingPrimitives

/// A table of a graph.
struct ShardTable: Hashable {
    /// What clients call it.
    var name: String
    var configuration: TableConfiguration
}

/// Tables that one node of a graph makes, and that are filled from one dump.
struct TableGroup: Hashable {
    /// Several are in the order in which requests have them.
    var kind: EmbeddingTableDefinition.Kind
    var sharedName: String
    var tables: [ShardTable]
    /// What the names of the dump's files begin with, on this machine; `nil` when the graph fills the tables from none.
    var dump: String?

    /// What journals call a table: the length of the node's name, it, and the table's own.
    func key(of table: ShardTable) -> String { "\(sharedName.utf8.count):\(sharedName)/\(table.name)" }

    static let maximumTables = 1 << 14

    /// - Parameters:
    ///   - config: a `MultiEmbeddingHashTableConfig` { names = 1, configs = 2 }.
    ///   - node: for errors.
    static func multi(_ sharedName: String, _ config: [UInt8], node: String) throws(ServingError) -> TableGroup {
        let (names, configs) = try split(config, node)
        guard !names.isEmpty, names.count == configs.count, Set(names).count == names.count else {
            throw .invalidArgument(
                "the configuration of \(node) has \(names.count) names for \(configs.count) tables; expected each table "
                    + "with a name of its own"
            )
        }
        var tables: [ShardTable] = []
        for (name, config) in zip(names, configs) { tables.append(try table(name, config)) }
        return TableGroup(kind: .multi, sharedName: sharedName, tables: tables)
    }

    /// - Parameter config: an `EmbeddingHashTableConfig`.
    static func plain(_ sharedName: String, _ config: [UInt8]) throws(ServingError) -> TableGroup {
        TableGroup(kind: .plain, sharedName: sharedName, tables: [try table(sharedName, config)])
    }

    private static func table(_ name: String, _ config: [UInt8]) throws(ServingError) -> ShardTable {
        let result = config.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try TableConfiguration(bytes, table: name) }
        }
        return ShardTable(name: name, configuration: try result.get())
    }

    private static func split(
        _ config: [UInt8],
        _ node: String
    ) throws(ServingError) -> (names: [String], configs: [[UInt8]]) {
        do {
            return try config.withUnsafeBytes { bytes in
                var names: [String] = []
                var configs: [[UInt8]] = []
                try ShardGraph.forEach([1], in: bytes) { names.append(String(decoding: $0, as: UTF8.self)) }
                try ShardGraph.forEach([2], in: bytes) { configs.append(Array($0)) }
                return (names, configs)
            }
        } catch {
            throw .invalidArgument("the configuration of \(node) is no MultiEmbeddingHashTableConfig")
        }
    }
}
