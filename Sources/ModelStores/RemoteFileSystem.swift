public import Logging
public import ModelSources
public import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file system whose base paths may be places in stores: these are listed, and versions of them are fetched into the local
/// cache when they are asked for. Everything else is the machine's own file system.
///
/// Listings count for some seconds, failed ones for longer each time. A version that could not be fetched is tried again for
/// as long as it is asked for, after longer pauses each time.
public final class RemoteFileSystem: FileSystem {
    fileprivate struct Listing {
        var result: Result<StoreListing, ServingError>
        var until: Int64
        var failures: Int
    }

    fileprivate enum Fetch {
        case running(VersionFetch)
        case failed(ServingError, failures: Int, until: Int64)
        /// With the rule that its files were checked by; `nil` when they were not, by this process.
        case done(String, ManifestRule?)
    }

    fileprivate struct State {
        /// By path: what lies in a base path, and below a version.
        var children: [String: Listing] = [:]
        var trees: [String: Listing] = [:]
        /// By key.
        var fetches: [String: Fetch] = [:]
        /// The key that a version's path stood for last.
        var keys: [String: String] = [:]
        /// By model: folders of the cache that are served from.
        var inUse: [String: Set<String>] = [:]
        /// By key: when a version was last asked for that is not used yet.
        var handedOut: [String: Int64] = [:]
        var stores: [String: any ObjectStore] = [:]
        var cache: CacheFolder?
        var pool: HTTPConnectionPool?
    }

    private let local: any FileSystem
    private let settings: ModelStoreSettings
    private let environment: StoreEnvironment
    private let s3: S3CredentialChain
    private let gcs: GCSCredentials
    private let clock: @Sendable () -> Int64
    private let logger: Logger
    private let counters = StoreCounters()
    private let state = Mutex(State())

    private static let minute: Int64 = 60_000_000_000
    /// Versions fetched at the same time.
    private static let maximumFetches = 2

    /// Nothing is opened or asked before the first place in a store is.
    ///
    /// - Parameter clock: nanoseconds since 1970.
    public init(
        _ settings: ModelStoreSettings,
        environment: StoreEnvironment = .process,
        local: any FileSystem = LocalFileSystem(),
        clock: @escaping @Sendable () -> Int64 = FileSystemSource.wallClock,
        logger: Logger
    ) {
        self.settings = settings
        self.environment = environment
        self.local = local
        self.clock = clock
        self.logger = logger
        s3 = S3CredentialChain(environment, clock: clock)
        gcs = GCSCredentials(environment, clock: clock)
    }

    /// What was fetched, and how much is kept of it: looks at the cache's files. `nil` where no version of a store was asked
    /// for yet.
    public var statistics: StoreStatistics? {
        state.withLock(\.cache).map { StoreStatistics(counters, cachedBytes: $0.usedBytes) }
    }

    // MARK: Listings

    public func names(in folder: String) throws(FileSystemError) -> [String] {
        guard StoreLocation.isOne(folder) else { return try local.names(in: folder) }
        // One archive is one version.
        if ArchiveName.isOne(folder) { return ["1"] }
        do throws(ServingError) {
            let listing = try listing(\.children, of: folder) { (store, path, connection) throws(ServingError) in
                try store.children(of: path, connection)
            }
            return listing.folders + listing.files.keys.filter { ArchiveName.isOne($0) }
        } catch {
            throw FileSystemError(error.message)
        }
    }

    public func version(named name: String, in basePath: String) -> Int64? {
        StoreLocation.isOne(basePath) ? ArchiveName.version(name) : local.version(named: name, in: basePath)
    }

    public func status(of path: String) -> FileStatus? {
        guard StoreLocation.isOne(path) else { return local.status(of: path) }
        return FileStatus(isFolder: true, byteCount: 0, modified: 0)
    }

    public func tree(of folder: String) throws(FileSystemError) -> [String: FileStatus] {
        guard StoreLocation.isOne(folder) else { return try local.tree(of: folder) }
        do throws(ServingError) {
            return try stored(folder).files.reduce(into: [:]) { files, file in
                files[file.key] = FileStatus(
                    isFolder: false,
                    byteCount: file.value.size ?? 1,
                    modified: file.value.modified,
                    tag: file.value.tag
                )
            }
        } catch {
            throw FileSystemError(error.message)
        }
    }

    public func isPacked(_ path: String) -> Bool { StoreLocation.isOne(path) && archive(path) != nil }

    public func contents(of file: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        try local.contents(of: file, limit: limit)
    }

    public func digest(of file: String) throws(FileSystemError) -> SHA256Digest { try local.digest(of: file) }

    /// The archive that a version's path stands for: a file in the base path, or the base path itself.
    private func archive(_ path: String) -> String? {
        if ArchiveName.isOne(path) { return path }
        let base = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
        return ArchiveName.isOne(base) ? base : nil
    }

    /// The files of a version.
    private func stored(_ path: String) throws(ServingError) -> StoreListing {
        let archive = archive(path)
        return try listing(\.trees, of: path) { (store, folder, connection) throws(ServingError) in
            guard let archive else { return try store.tree(of: folder, connection) }
            let file = try store.file(StoreLocation(archive).path, connection)
            var listing = StoreListing()
            listing.files[file.name] = file
            return listing
        }
    }

    private func listing(
        _ cache: any WritableKeyPath<State, [String: Listing]> & Sendable,
        of path: String,
        _ ask: (any ObjectStore, String, HTTPConnection) throws(ServingError) -> StoreListing
    ) throws(ServingError) -> StoreListing {
        let known = state.withLock { $0[keyPath: cache][path] }
        if let known, clock() < known.until { return try known.result.get() }
        let result = Result { () throws(ServingError) in
            let location = try StoreLocation(path)
            let store = store(at: location)
            return try pool().lend { (connection) throws(ServingError) in try ask(store, location.path, connection) }
        }
        var listing = Listing(result: result, until: 0, failures: 0)
        switch result {
        case .success(let found):
            listing.until = clock() + Int64(settings.listSeconds) * 1_000_000_000
            tell(found.refused, of: path, unlike: known)
        case .failure:
            counters.listingFailures.add(1, ordering: .relaxed)
            listing.failures = (known?.failures ?? 0) + 1
            listing.until = clock() + Backoff.delay(failures: listing.failures, spread: .random(in: 0...1))
        }
        state.withLock { $0[keyPath: cache][path] = listing }
        return try result.get()
    }

    /// Names that are refused are told once each.
    private func tell(_ names: [String], of path: String, unlike known: Listing?) {
        let before = (try? known?.result.get().refused) ?? []
        for name in names where !before.contains(name) {
            logger.warning(
                "A name in a listing is refused: it would leave the folder, or is no file name",
                metadata: ["place": "\(path)", "name": "\(name)"]
            )
        }
    }

    private func pool() -> HTTPConnectionPool {
        state.withLock { state in
            let pool = state.pool ?? HTTPConnectionPool(.init(certificates: environment.certificates))
            state.pool = pool
            return pool
        }
    }

    private func store(at location: StoreLocation) -> any ObjectStore {
        let place = "\(location.scheme)://\(location.authority)"
        if let store = state.withLock({ $0.stores[place] }) { return store }
        let store: any ObjectStore =
            switch location.scheme {
            case .s3:
                S3Store(bucket: location.authority, settings: S3Settings(environment), credentials: s3)
            case .gs:
                GCSStore(bucket: location.authority, endpoint: GCSStore.endpoint(environment), credentials: gcs)
            case .http, .https:
                HTTPStore(origin: place, netrc: environment.file(".netrc", unless: "NETRC"))
            }
        state.withLock { $0.stores[place] = store }
        return store
    }

    // MARK: Fetching

    public func stage(_ path: String, manifest: ManifestRule) -> Staging {
        guard StoreLocation.isOne(path) else { return local.stage(path, manifest: manifest) }
        do throws(ServingError) {
            let listing = try stored(path)
            let version = StoredVersion(origin: path, listing.files.values, isArchive: archive(path) != nil)
            return try stage(version, path, manifest)
        } catch {
            return .failed(error)
        }
    }

    private func stage(
        _ version: StoredVersion,
        _ path: String,
        _ manifest: ManifestRule
    ) throws(ServingError) -> Staging {
        let cache = try openCache()
        let key = version.key
        let now = clock()
        let (before, isRoom) = state.withLock { state -> (Fetch?, Bool) in
            state.handedOut[key] = now
            if let old = state.keys.updateValue(key, forKey: path), old != key { state.drop(old) }
            let running = state.fetches.values.count { if case .running = $0 { true } else { false } }
            return (state.fetches[key], running < Self.maximumFetches)
        }
        switch before {
        case .done(let folder, let rule) where cache.files(of: key) == folder:
            return .local(folder, isVerified: rule == manifest && !version.isArchive)
        case .running(let fetch): return .onTheWay(fetch.progress)
        case .failed(let error, _, let until) where clock() < until: return .failed(error)
        case .done, .failed, nil: break
        }
        if let folder = cache.files(of: key) {
            counters.cacheHits.add(1, ordering: .relaxed)
            state.withLock { $0.fetches[key] = .done(folder, nil) }
            return .local(folder, isVerified: false)
        }
        guard isRoom else { return .onTheWay("waiting for other versions to be fetched") }
        return begin(version, key, manifest, cache, before)
    }

    private func begin(
        _ version: StoredVersion,
        _ key: String,
        _ manifest: ManifestRule,
        _ cache: CacheFolder,
        _ before: Fetch?
    ) -> Staging {
        let location: StoreLocation
        do throws(ServingError) { location = try StoreLocation(version.origin) } catch { return .failed(error) }
        let fetch = VersionFetch(
            version,
            manifest: manifest,
            store: store(at: location),
            cache: cache,
            pool: pool(),
            settings: .init(connections: settings.connections, largestVersion: settings.versionBytes),
            counters: counters,
            keeping: { [weak self] in self?.neededKeys() ?? [] }
        )
        state.withLock { $0.fetches[key] = .running(fetch) }
        let failures = if case .failed(_, let count, _) = before { count } else { 0 }
        do throws(ServingError) {
            try startThreadIfPossible(named: "fetch") { [self] in run(fetch, key, failures) }
        } catch {
            state.withLock { $0.fetches[key] = nil }
            return .failed(error)
        }
        return .onTheWay(fetch.progress)
    }

    private func run(_ fetch: VersionFetch, _ key: String, _ failures: Int) {
        var logger = logger
        logger[metadataKey: "from"] = "\(fetch.version.origin)"
        logger.info("Fetching a version", metadata: ["bytes": "\(fetch.version.byteCount)", "key": "\(key)"])
        let result = Result { () throws(ServingError) in try fetch.run() }
        switch result {
        case .success(let folder):
            counters.fetches.add(1, ordering: .relaxed)
            logger.info("Fetched a version", metadata: ["folder": "\(folder)"])
            state.withLock { $0.fetches[key] = .done(folder, fetch.manifest) }
        case .failure(let error):
            if error.code != .cancelled { counters.failures.add(1, ordering: .relaxed) }
            let delay = Backoff.delay(failures: failures + 1, spread: .random(in: 0...1))
            let until = clock() + delay
            state.withLock { state in
                // Nobody waits for one that was given up.
                state.fetches[key] =
                    error.code == .cancelled ? nil : .failed(error, failures: failures + 1, until: until)
                // What has changed in the store is listed anew.
                if error.code == .aborted || error.code == .notFound { state.trees[fetch.version.origin] = nil }
            }
            logger.warning(
                "A version could not be fetched",
                metadata: ["error": "\(error)", "next_try_ms": "\(delay / 1_000_000)"]
            )
        }
    }

    private func openCache() throws(ServingError) -> CacheFolder {
        try state.withLock { (state) throws(ServingError) in
            if let cache = state.cache { return cache }
            let cache = try CacheFolder(settings.cacheFolder, limit: settings.cacheBytes, now: clock())
            state.cache = cache
            return cache
        }
    }

    /// Keys of versions that are served or being fetched.
    private func neededKeys() -> Set<String> {
        let now = clock()
        return state.withLock { state in
            var keys = Set(state.fetches.compactMap { key, fetch in if case .running = fetch { key } else { nil } })
            state.handedOut = state.handedOut.filter { $0.value > now - Self.minute }
            keys.formUnion(state.handedOut.keys)
            keys.formUnion(state.inUse.values.joined().compactMap(Self.key(ofFolder:)))
            return keys
        }
    }

    /// FOLDER/versions/KEY/files
    private static func key(ofFolder path: String) -> String? {
        path.split(separator: "/").dropLast().last.map(String.init)
    }

    public func use(_ paths: Set<String>, by model: String) {
        let cache = state.withLock { state in
            let ours = paths.filter { $0.hasPrefix(settings.cacheFolder + "/") }
            state.inUse[model] = ours.isEmpty ? nil : ours
            for key in ours.compactMap(Self.key(ofFolder:)) { state.handedOut[key] = nil }
            return ours.isEmpty ? nil : state.cache
        }
        if let cache { for key in paths.compactMap(Self.key(ofFolder:)) { cache.touch(key) } }
    }

    public func refresh(_ basePath: String) {
        guard StoreLocation.isOne(basePath) else { return local.refresh(basePath) }
        state.withLock { state in
            state.children[basePath] = nil
            for path in state.trees.keys where path.hasPrefix(basePath + "/") { state.trees[path] = nil }
            for (path, key) in state.keys where path.hasPrefix(basePath + "/") {
                if case .failed = state.fetches[key] { state.fetches[key] = nil }
            }
        }
    }

    public func forget(_ basePath: String) {
        guard StoreLocation.isOne(basePath) else { return local.forget(basePath) }
        state.withLock { state in
            state.children[basePath] = nil
            for (path, key) in state.keys where path.hasPrefix(basePath + "/") {
                state.trees[path] = nil
                state.keys[path] = nil
                state.drop(key)
            }
        }
    }
}

extension RemoteFileSystem.State {
    /// Nobody asks for the version any more.
    fileprivate mutating func drop(_ key: String) {
        if case .running(let fetch) = fetches[key] {
            // Its thread takes it off the list.
            fetch.cancel()
        } else {
            fetches[key] = nil
        }
    }
}
