import ModelSources
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Brings one version into the cache: its files by ranges side by side, each checked against what the store vouches for and
/// against the version's own list of checksums. Runs on threads of its own; may be stopped, and goes on where it was.
final class VersionFetch: Sendable {
    struct Settings: Sendable, Hashable {
        /// Transfers side by side.
        var connections = 8
        /// Of one range.
        var partBytes: Int64 = 8 << 20
        /// Of all files of a version, unpacked.
        var largestVersion: Int64 = 1 << 40
    }

    private struct State {
        var phase = "waiting"
        var done: Int64 = 0
        var total: Int64 = 0
        var isCancelled = false
        var plan = ChunkPlan(sizes: [], chunkSize: 1)
        var running = 0
        var failure: ServingError?
        var contents: [Int: VersionContents.File] = [:]
    }

    let version: StoredVersion
    let manifest: ManifestRule
    private let store: any ObjectStore
    private let cache: CacheFolder
    private let pool: HTTPConnectionPool
    private let settings: Settings
    private let counters: StoreCounters
    private let keys: @Sendable () -> Set<String>
    private let state = Mutex(State())

    /// - Parameter keys: of versions that must stay in the cache.
    init(
        _ version: StoredVersion,
        manifest: ManifestRule,
        store: any ObjectStore,
        cache: CacheFolder,
        pool: HTTPConnectionPool,
        settings: Settings,
        counters: StoreCounters = StoreCounters(),
        keeping keys: @escaping @Sendable () -> Set<String>
    ) {
        self.version = version
        self.manifest = manifest
        self.store = store
        self.cache = cache
        self.pool = pool
        self.settings = settings
        self.counters = counters
        self.keys = keys
    }

    func cancel() { state.withLock { $0.isCancelled = true } }

    /// For a person to read: `fetching: 1.5 MB of 20.0 MB`.
    var progress: String {
        state.withLock { state in
            let amount = state.total > 0 ? ": \(ByteText.of(state.done)) of \(ByteText.of(state.total))" : ""
            return state.phase + amount
        }
    }

    /// Fetches all that is missing. Blocks until the version is complete.
    ///
    /// - Returns: the folder of its files.
    /// - Throws: why it could not be had: `DATA_LOSS` for wrong checksums, `ABORTED` when it has changed in the store,
    ///   `CANCELLED` after `cancel`.
    func run() throws(ServingError) -> String {
        let largest = min(settings.largestVersion, cache.largestVersion)
        guard version.byteCount <= largest else {
            throw ServingError(
                .resourceExhausted,
                "\(version.origin) has \(ByteText.of(version.byteCount)); at most \(ByteText.of(largest)) are taken"
            )
        }
        try cache.makeRoom(for: version.byteCount, keeping: keys(), version.origin)
        try LocalFiles.makeFolder(folder)
        let expected = try version.isArchive ? [:] : listedChecksums()
        try fetch(expected)
        try checkNotCancelled()
        let tree = "\(folder)/tree"
        guard version.isArchive else {
            let files = state.withLock { $0.contents.values.map(\.self) }
            return try cache.publish(key, tree: tree, VersionContents(files), origin: version.origin)
        }
        return try publishArchive(from: tree)
    }

    private var key: String { version.key }
    private var folder: String { cache.partial(key) }

    private func show(_ phase: String) { state.withLock { $0.phase = phase } }

    private func checkNotCancelled() throws(ServingError) {
        if state.withLock({ $0.isCancelled }) {
            throw ServingError(.cancelled, "\(version.origin) is no longer asked for")
        }
    }

    private func journal(_ index: Int) -> FetchJournal {
        FetchJournal(path: "\(folder)/\(index)-\(settings.partBytes)", partSize: settings.partBytes)
    }

    // MARK: The version's own checksums

    private func listedChecksums() throws(ServingError) -> [String: SHA256Digest] {
        let name = ChecksumList.fileName
        guard manifest != .ignore, let file = version.files.first(where: { $0.name == name }) else {
            guard manifest != .require else {
                throw .failedPrecondition("\(version.origin): \(name) is missing, and is required")
            }
            return [:]
        }
        show("reading \(name)")
        let answer = try pool.lend { (connection) throws(ServingError) in
            let request = try store.request(for: file, connection)
            return try connection.document(request, limit: ChecksumList.maximumByteCount)
        }
        guard answer.head.status == 200 else { throw .refused(answer.head, "\(version.origin)/\(name)") }
        let list: ChecksumList
        do throws(ChecksumList.Problem) {
            list = try ChecksumList(answer.body)
        } catch {
            throw ServingError(.dataLoss, "line \(error.line) of \(version.origin)/\(name): \(error.text)")
        }
        let present = Set(version.files.map(\.name))
        if let missing = list.digests.keys.sorted().first(where: { !present.contains($0) }) {
            throw ServingError(.dataLoss, "\(version.origin)/\(missing) is missing, and listed in \(name)")
        }
        return list.digests
    }

    // MARK: Transfers

    private func fetch(_ expected: [String: SHA256Digest]) throws(ServingError) {
        var present: [Int: Set<Int>] = [:]
        var sizes: [Int64?] = []
        var isResumed = false
        for (index, file) in version.files.enumerated() {
            let journal = journal(index)
            isResumed = isResumed || journal.digest != nil
            // What is here already, from an interrupted fetch or from another version.
            let known = journal.digest ?? expected[file.name]
            if let known, try cache.link(known, size: file.size, as: "\(folder)/tree/\(file.name)") {
                try note(index, known)
                sizes.append(0)
            } else {
                sizes.append(file.size)
                let parts = journal.presentParts(size: file.size)
                isResumed = isResumed || !parts.isEmpty
                present[index] = parts
            }
        }
        if isResumed { counters.resumed.add(1, ordering: .relaxed) }
        let plan = ChunkPlan(sizes: sizes, present: present, chunkSize: settings.partBytes)
        let noted = state.withLock { Set($0.contents.keys) }
        // Files with nothing in them, and those whose last part came just before the end of the process.
        for index in plan.wholeFiles where !noted.contains(index) { try finish(index, expected, HTTPResponseHead()) }
        let total = version.byteCount
        let missing = zip(sizes.indices, sizes).reduce(Int64(0)) { sum, entry in
            guard !plan.wholeFiles.contains(entry.0), let size = entry.1 else { return sum }
            let had = Int64(present[entry.0]?.count ?? 0) * settings.partBytes
            return sum + max(0, size - had)
        }
        state.withLock { state in
            state.plan = plan
            state.total = total
            state.done = max(0, total - missing)
            state.phase = "fetching"
        }
        try inParallel(min(settings.connections, plan.count)) { (self, connection) throws(ServingError) in
            try self.work(connection, expected)
        }
    }

    private func note(_ index: Int, _ digest: SHA256Digest) throws(ServingError) {
        let path = cache.blob(digest)
        guard let size = LocalFiles.size(of: path) else { throw LocalFiles.failure("read", path) }
        let file = VersionContents.File(path: version.files[index].name, digest: digest, size: size)
        state.withLock { $0.contents[index] = file }
    }

    /// Runs `body` on so many threads, each with a connection of its own, and waits for all.
    private func inParallel(
        _ count: Int,
        _ body: @escaping @Sendable (VersionFetch, HTTPConnection) throws(ServingError) -> Void
    ) throws(ServingError) {
        var ends: [BlockingResult<Void, ServingError>] = []
        for _ in 0..<count {
            let end = BlockingResult<Void, ServingError>()
            let work: @Sendable () -> Void = { [self] in
                end.set(
                    Result { () throws(ServingError) in
                        try pool.lend { (connection) throws(ServingError) in try body(self, connection) }
                    }
                )
            }
            do throws(ServingError) {
                try startThreadIfPossible(named: "fetch", work)
                ends.append(end)
            } catch {
                // Fewer side by side are slower, and no worse.
                guard ends.isEmpty else { break }
                throw error
            }
        }
        var first: ServingError?
        for end in ends {
            if case .failure(let error) = end.wait() {
                first = first ?? error
                cancelOthers(error)
            }
        }
        if let failure = state.withLock({ $0.failure }) ?? first { throw failure }
    }

    private func cancelOthers(_ error: ServingError) {
        state.withLock { $0.failure = $0.failure ?? error }
    }

    /// Takes parts until there are none.
    private func work(_ connection: HTTPConnection, _ expected: [String: SHA256Digest]) throws(ServingError) {
        while true {
            try checkNotCancelled()
            let (chunk, isOver) = state.withLock { state -> (ChunkPlan.Chunk?, Bool) in
                if state.failure != nil { return (nil, true) }
                let chunk = state.plan.next()
                if chunk != nil { state.running += 1 }
                // One that runs may fail and come back.
                return (chunk, chunk == nil && state.running == 0)
            }
            if isOver { return }
            guard let chunk else {
                usleep(20_000)
                continue
            }
            do throws(ServingError) {
                try transfer(chunk, connection, expected)
            } catch {
                state.withLock { state in
                    state.running -= 1
                    state.failure = state.failure ?? error
                }
                throw error
            }
            state.withLock { $0.running -= 1 }
        }
    }

    private func transfer(
        _ chunk: ChunkPlan.Chunk,
        _ connection: HTTPConnection,
        _ expected: [String: SHA256Digest]
    ) throws(ServingError) {
        let outcome = try ChunkTransfer(
            file: version.files[chunk.file],
            chunk: chunk,
            journal: journal(chunk.file),
            limit: settings.largestVersion
        ).run(
            store,
            connection,
            isCancelled: { self.state.withLock { $0.isCancelled || $0.failure != nil } },
            received: { count in
                self.counters.bytes.add(Int(count), ordering: .relaxed)
                self.state.withLock { $0.done += count }
            }
        )
        let what = "\(version.origin)/\(version.files[chunk.file].name)"
        switch outcome {
        case .whole(let head):
            if state.withLock({ $0.plan.succeeded(chunk) }) == .fileIsWhole {
                try finish(chunk.file, expected, head)
            }
        case .noRanges(let received):
            // What is there of it stays: another thread may have begun to write the whole file over it.
            state.withLock { state in
                state.done -= received
                state.plan.hasNoRanges(chunk)
            }
        case .failed(let error, let isTransient, let received):
            try checkNotCancelled()
            let next = state.withLock { state in
                state.done -= received
                return state.plan.failed(chunk, isTransient: isTransient, spread: .random(in: 0...1))
            }
            guard case .waitAndGoOn(let nanoseconds) = next else {
                if error.code == .aborted { journal(chunk.file).discard() }
                throw ServingError(
                    error.code,
                    error.message.hasPrefix(what) ? error.message : "\(what): \(error.message)"
                )
            }
            usleep(useconds_t(clamping: nanoseconds / 1_000))
        }
    }

    /// Checks a file that is there to its last byte, and makes it a blob.
    private func finish(
        _ index: Int,
        _ expected: [String: SHA256Digest],
        _ head: HTTPResponseHead
    ) throws(ServingError) {
        let file = version.files[index]
        let journal = journal(index)
        if file.size == 0 { try OpenFile(journal.dataPath, truncates: true).sync() }
        var checksums = store.checksums(of: file, head)
        if let digest = expected[file.name] { checksums.append(.sha256(digest)) }
        let digests = try FileDigests(of: journal.dataPath, besides: checksums)
        var problem = digests.contradiction(of: checksums)
        if let size = file.size, digests.size != size {
            problem = "it has \(digests.size) bytes; the store lists \(size)"
        }
        if let problem {
            journal.discard()
            throw ServingError(.dataLoss, "\(version.origin)/\(file.name) is not what it should be: \(problem)")
        }
        try cache.adopt(journal.dataPath, digests.sha256, as: "\(folder)/tree/\(file.name)")
        try journal.finish(digests.sha256)
        try note(index, digests.sha256)
    }

    // MARK: Archives

    private func publishArchive(from tree: String) throws(ServingError) -> String {
        guard let file = version.files.first else { throw .internalError("an archive of no file") }
        show("unpacking")
        state.withLock { $0.total = 0 }
        let target = "\(folder)/unpacked"
        LocalFiles.remove(target)
        let unpacking = ArchiveUnpacking(
            archive: "\(tree)/\(file.name)",
            name: version.origin,
            target: target,
            limit: min(settings.largestVersion, cache.largestVersion),
            isCancelled: { self.state.withLock { $0.isCancelled } },
            makeRoom: { [cache, keys, version] (bytes) throws(ServingError) in
                try cache.makeRoom(for: bytes, keeping: keys(), version.origin)
            }
        )
        let paths = try unpacking.run()
        var contents = VersionContents()
        let linked = "\(folder)/linked"
        LocalFiles.remove(linked)
        try LocalFiles.makeFolder(linked)
        for path in paths.files {
            let digests = try FileDigests(of: "\(target)/\(path.inArchive)", besides: [])
            try cache.adopt("\(target)/\(path.inArchive)", digests.sha256, as: "\(linked)/\(path.inVersion)")
            contents.files.append(.init(path: path.inVersion, digest: digests.sha256, size: digests.size))
        }
        for folder in paths.folders { try LocalFiles.makeFolder("\(linked)/\(folder)") }
        return try cache.publish(key, tree: linked, contents, origin: version.origin)
    }
}
