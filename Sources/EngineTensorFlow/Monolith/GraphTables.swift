import EngineInterface
import ServingPrimitives
import Synchronization

/// The embedding tables that the graph of one loaded model makes, by their shared names.
///
/// The operations that make tables are run by the graph's initialisation, and some by every run: the first one counts, the others
/// find what is there. Other models, and other versions of this one, have tables of their own of the same names.
final class GraphTables: Sendable {
    private let keeper: any EmbeddingTableKeeping
    private let folder: String
    /// The folder as the graph sees it, where that is another.
    private let shadow: String?
    private let state = Mutex(State())

    private struct State {
        var entries: [String: Entry] = [:]
        var isLoaded = false
    }

    private struct Entry {
        var definition: EmbeddingTableDefinition
        /// `nil` while it is open whether a dump will fill them.
        var tables: (any EmbeddingTables)?
    }

    /// - Parameter shadow: the folder that `request` is loaded from, where that is not its own.
    init(_ keeper: any EmbeddingTableKeeping, of request: LoadRequest, shadow: String?) {
        self.keeper = keeper
        folder = request.path
        self.shadow = shadow
    }

    /// Makes tables, unless they are there.
    ///
    /// - Throws: `INVALID_ARGUMENT` when others of that name are there, else why they cannot be made.
    func make(_ definition: EmbeddingTableDefinition) throws(ServingError) {
        try state.withLock { (state) throws(ServingError) in
            guard let entry = state.entries[definition.sharedName] else {
                var entry = Entry(definition: definition)
                // Before that a dump may come.
                if state.isLoaded { entry.tables = try keeper.makeTables(definition, in: folder) }
                state.entries[definition.sharedName] = entry
                return
            }
            guard entry.definition.kind == definition.kind,
                entry.definition.configuration == definition.configuration
            else {
                throw .invalidArgument(
                    "two operations of the graph make tables named \(definition.sharedName), with different configurations"
                )
            }
        }
    }

    /// Makes the tables of that name with the rows of a dump.
    ///
    /// - Parameter dump: what the names of its files begin with.
    func fill(_ name: String, from dump: String) throws(ServingError) {
        let dump = shadow.map { dump.replacing($0, with: folder) } ?? dump
        try state.withLock { (state) throws(ServingError) in
            var entry = try Self.entry(name, state)
            guard entry.tables == nil else {
                guard entry.definition.dump != dump else { return }
                throw .failedPrecondition(
                    "the tables \(name) are in use, with \(entry.definition.dump.map { "the rows of \($0)" } ?? "no dump"); they "
                        + "cannot be filled from \(dump): tables are filled once, when their model is loaded"
                )
            }
            entry.definition.dump = dump
            entry.tables = try keeper.makeTables(entry.definition, in: folder)
            state.entries[name] = entry
        }
    }

    /// The tables of that name.
    ///
    /// - Throws: `FAILED_PRECONDITION` when nobody has made them.
    func find(_ name: String) throws(ServingError) -> any EmbeddingTables {
        try state.withLock { (state) throws(ServingError) in
            let entry = try Self.entry(name, state)
            if let tables = entry.tables { return tables }
            return try makeEmpty(name, &state)
        }
    }

    func isMade(_ name: String) -> Bool { state.withLock { $0.entries[name] != nil } }

    /// From here on nothing fills tables any more: those without a dump begin without rows.
    func finishLoading() throws(ServingError) {
        try state.withLock { (state) throws(ServingError) in
            state.isLoaded = true
            for name in state.entries.keys.sorted() where state.entries[name]?.tables == nil {
                _ = try makeEmpty(name, &state)
            }
        }
    }

    private func makeEmpty(_ name: String, _ state: inout State) throws(ServingError) -> any EmbeddingTables {
        let entry = try Self.entry(name, state)
        let tables = try keeper.makeTables(entry.definition, in: folder)
        state.entries[name]?.tables = tables
        return tables
    }

    private static func entry(_ name: String, _ state: State) throws(ServingError) -> Entry {
        guard let entry = state.entries[name] else {
            throw .failedPrecondition("no operation of the graph has made the tables \(name)")
        }
        return entry
    }

    /// Bytes of all tables that this process has not allocated.
    var byteCount: Int {
        state.withLock { state in state.entries.values.reduce(0) { $0 + ($1.tables?.byteCount ?? 0) } }
    }

    /// Gives the tables back, when nothing runs any more.
    func close() {
        let entries = state.withLock { state in
            defer { state.entries = [:] }
            return state.entries
        }
        for entry in entries.values { entry.tables?.close() }
    }
}
