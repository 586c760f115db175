import ServingPrimitives

/// What a journal knows of a version that is served.
final class JournalMember: Sendable {
    struct Table: Sendable {
        /// In the journal: the name of its node, a slash, its own.
        let key: String
        let rows: EmbeddingTable
        let erasesZeros: Bool
        /// When the rows of the dump were saved, in seconds since 1970; 0 without a dump.
        let dumpTime: UInt32
    }

    let tables: [Table]
    private let numbers: [String: Int]

    init(_ tables: [Table]) {
        self.tables = tables
        numbers = Dictionary(tables.indices.map { (tables[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func table(_ key: String, dimension: Int) -> Table? {
        guard let number = numbers[key], tables[number].rows.format.dimension == dimension else { return nil }
        return tables[number]
    }

    /// Applies a push of the journal, except rows that the version's dump has in a newer state.
    ///
    /// - Returns: rows that did not fit into the table's bytes.
    func replay(_ push: PushRecord) throws(ServingError) -> Int {
        guard let table = table(push.name, dimension: push.dimension) else { return 0 }
        var refused = 0
        try push.withRows { (ids, numbers) throws(ServingError) in
            refused = try table.rows.update(
                ids,
                numbers,
                timestamp: push.receiveTime,
                erasingZeros: table.erasesZeros,
                over: table.dumpTime
            ).refused
        }
        return refused
    }

    /// Whether a replay into this version would take each row; `nil` when it has no such table.
    func takes(_ push: PushRecord) -> [Bool]? {
        guard let table = table(push.name, dimension: push.dimension) else { return nil }
        return table.rows.areNewer((0..<push.count).map(push.id), than: table.dumpTime, at: push.receiveTime)
    }
}
