import ServingPrimitives
import Synchronization

/// The journals of the base paths of which versions are served.
final class JournalSet: Sendable {
    private let cache: SnapshotCache
    private let maximumBytes: Int
    private let settings: PushJournal.Settings
    private let journals = Mutex<[String: WeakJournal]>([:])

    private struct WeakJournal: Sendable {
        weak var journal: PushJournal?
    }

    init(_ cache: SnapshotCache, _ options: EmbeddingOptions) {
        self.cache = cache
        maximumBytes = options.journalBytes
        settings = PushJournal.Settings(
            maximumBytes: options.journalBytes,
            sync: options.journalSync,
            log: options.log
        )
    }

    /// - Parameter base: the folder of the versions.
    /// - Returns: `nil` when pushes are not kept.
    func journal(of base: String) throws(ServingError) -> PushJournal? {
        guard maximumBytes > 0 else { return nil }
        return try journals.withLock { (journals) throws(ServingError) in
            if let journal = journals[base]?.journal { return journal }
            try cache.prepare()
            let journal = PushJournal(folder: cache.folder, base: base, settings)
            journals = journals.filter { $0.value.journal != nil }
            journals[base] = WeakJournal(journal: journal)
            return journal
        }
    }

    /// Those in use.
    var all: [PushJournal] { journals.withLock { $0.values.compactMap(\.journal) } }
}

/// A version's folder, split into the folder of all versions and the version's name.
struct VersionFolder: Hashable {
    let base: String
    let version: String

    init(_ path: String) {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        let slash = path.lastIndex(of: "/")
        base = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        version = String(slash.map { path[path.index(after: $0)...] } ?? path)
    }
}
