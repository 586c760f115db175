import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Keeps the pushes to a base path: whatever was answered is there after a restart, and in every version that is loaded
/// later.
///
/// A push is written, then applied to all versions that are served, under one lock. A version that is loaded reads what
/// is written before it joins them; the last of it under the same lock, so that nothing comes between.
final class PushJournal: @unchecked Sendable {
    // Sendable: `lock` guards all that changes.
    struct Settings: Sendable {
        /// For all files of one base path. While they are compacted there may be twice as many.
        var maximumBytes: Int
        var sync: JournalSync
        var log: @Sendable (String) -> Void
    }

    private struct WeakMember {
        weak var member: JournalMember?
    }

    let settings: Settings
    private let folder: String
    private let base: String
    private let digest: SHA256Digest
    /// `nil` while another process has the journal: then pushes are refused, and this one takes over when that one has ended.
    private var processLock: JournalLock?
    /// For replay and compaction, which take `lock` for short times only.
    private let turns = WaitableLock()
    private let lock = WaitableLock()

    private var members: [WeakMember] = []
    /// The oldest first; the output is not among them.
    private var files: [JournalFile] = []
    private var output: JournalOutput?
    private var nextNumber: UInt64 = 1
    /// Clocks are set back: what comes later must not look older.
    private var lastTime: UInt32 = 0
    /// By it those who wait know whether theirs is on the disk.
    private var progress = DiskProgress()
    /// Somebody syncs the output without the lock: it stays the output, as the system tells of a failure only once.
    private var isSyncing = false
    /// Bytes since the last compaction, and those that it left.
    private var grown = 0
    private var compacted = 0
    /// A push was refused for want of room, and something came since that a compaction may gain by.
    private var wasRefused = false
    private var mayShrink = true

    /// Files of earlier runs after which they are made one.
    private static let maximumFiles = 16
    private static let openingPatience = 20
    private static let retryNanoseconds: UInt64 = 1_000_000_000

    /// - Parameters:
    ///   - folder: is there.
    ///   - base: the folder of the versions.
    init(folder: String, base: String, _ settings: Settings) {
        self.folder = folder
        self.base = base
        self.settings = settings
        digest = SHA256Digest(of: Array(base.utf8))
    }

    /// Takes the journal for this process. `turns` is held.
    ///
    /// - Returns: the lock, or `nil` when another process has the journal.
    private func open(patience: Int) throws(ServingError) -> JournalLock? {
        guard let processLock = try JournalLock("\(folder)/\(digest).lock", patience: patience) else { return nil }
        var found = JournalFile.all(in: folder, digest)
        nextNumber = (found.last?.number ?? 0) + 1
        if let whole = found.lastIndex(where: \.holdsAll) {
            // A compaction was cut short before it removed them.
            for file in found[..<whole] { unlink(file.path) }
            found.removeFirst(whole)
        }
        files = found
        try cutTail()
        grown = files.reduce(0) { $0 + $1.byteCount }
        return processLock
    }

    /// After a power cut the newest file may end in what was never written to the end, and never answered.
    private func cutTail() throws(ServingError) {
        guard let last = files.last, !last.holdsAll, let memory = try last.mapped() else { return }
        let scan = JournalScan(memory.bytes)
        guard scan.isOfThisFormat, scan.end < scan.byteCount else { return }
        guard truncate(last.path, off_t(scan.end)) == 0 else {
            throw .ofSystem("the journal \(last.path) cannot be cut to its whole records", .unavailable)
        }
        settings.log(
            "The journal \(last.path) was cut short while it was written: \(scan.pushes.count) records up to byte \(scan.end) are "
                + "kept, \(scan.byteCount - scan.end) bytes behind them are none"
        )
        files[files.count - 1].byteCount = scan.end
    }

    // MARK: - Pushing

    /// Writes a push and applies it.
    ///
    /// - Parameters:
    ///   - now: in seconds since 1970.
    ///   - encode: puts all rows into the encoder.
    ///   - apply: gets the time of the push and the versions that are served.
    /// - Throws: `RESOURCE_EXHAUSTED` when there is no room, with when there may be: nothing was applied then.
    ///   `UNAVAILABLE` when the disk refuses it.
    func push<Result>(
        now: UInt32,
        encode: (inout PushEncoder) throws(ServingError) -> Void,
        apply: (UInt32, [JournalMember]) throws(ServingError) -> Result
    ) throws(ServingError) -> Result {
        var position: UInt64 = 0
        let result = try lock.withLock { () throws(ServingError) -> Result in
            while isSyncing, output?.isBroken == true { lock.wait() }
            lastTime = max(lastTime, now)
            var encoder = PushEncoder(receiveTime: lastTime)
            try encode(&encoder)
            try write(encoder.bytes)
            position = progress.written
            return try apply(lastTime, members.compactMap(\.member))
        }
        if settings.sync == .always { try sync(to: position) }
        return result
    }

    private var byteCount: Int { files.reduce(output?.file.byteCount ?? 0) { $0 + $1.byteCount } }

    private func write(_ bytes: [UInt8]) throws(ServingError) {
        guard !bytes.isEmpty else { return }
        guard processLock != nil else {
            throw ServingError(
                .unavailable,
                "pushes to \(base) cannot be kept while another server uses their journal in \(folder); give this one another "
                    + "--embedding-cache-dir, or --embedding-journal-bytes 0 to keep none",
                retryAfterNanoseconds: Self.retryNanoseconds
            )
        }
        guard bytes.count <= settings.maximumBytes - byteCount else {
            wasRefused = true
            var error = ServingError(
                .resourceExhausted,
                "a push of \(bytes.count) bytes does not fit into the journal of \(base), which has \(byteCount) bytes and may "
                    + "have \(settings.maximumBytes) (--embedding-journal-bytes)"
            )
            if bytes.count < settings.maximumBytes { error.retryAfterNanoseconds = Self.retryNanoseconds }
            throw error
        }
        let output = try currentOutput()
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try output.append(bytes) }
        }
        do throws(ServingError) {
            try result.get()
        } catch {
            throw ServingError(error.code, error.message, retryAfterNanoseconds: Self.retryNanoseconds)
        }
        progress.write(bytes.count)
        grown += bytes.count
        mayShrink = true
    }

    private func currentOutput() throws(ServingError) -> JournalOutput {
        if let output, !output.isBroken { return output }
        seal()
        let file = JournalFile(folder: folder, digest: digest, number: nextNumber, holdsAll: false)
        let new = try JournalOutput(file)
        nextNumber += 1
        var head = PushEncoder(receiveTime: 0)
        head.addHead(JournalHead(base: base))
        let result = head.bytes.withUnsafeBytes { bytes in Result { () throws(ServingError) in try new.append(bytes) } }
        output = new
        try result.get()
        return new
    }

    /// Ends the file that is written to, which nobody syncs. What is in it is on the disk then, as far as the disk does its
    /// work.
    private func seal() {
        guard let output else { return }
        progress.settle(progress.written, isOnDisk: output.sync())
        files.append(output.file)
        self.output = nil
        lock.wakeAll()
    }

    // MARK: - To the disk

    private enum Turn {
        case done
        case failed
        case sync(JournalOutput, UInt64)
    }

    /// Waits until what was written up to a position is on the disk: one of those who wait does it for all.
    private func sync(to position: UInt64) throws(ServingError) {
        while true {
            let turn = lock.withLock { () -> Turn in
                while progress.state(of: position) == .unknown, isSyncing { lock.wait() }
                switch progress.state(of: position) {
                case .onDisk: return .done
                case .lost: return .failed
                case .unknown:
                    // What is not settled is in the output.
                    guard let output else { return .failed }
                    isSyncing = true
                    return .sync(output, progress.written)
                }
            }
            switch turn {
            case .done: return
            case .failed:
                throw .unavailable(
                    "the journal of \(base) cannot be written to the disk: the push is served, and may be lost with the machine"
                )
            case .sync(let output, let target):
                let isDone = output.sync()
                lock.withLock {
                    isSyncing = false
                    if !isDone { output.isBroken = true }
                    // What came while a sync failed may be lost with it, and the next would not tell.
                    progress.settle(isDone ? target : progress.written, isOnDisk: isDone)
                    lock.wakeAll()
                }
            }
        }
    }

    /// Brings all that was written to the disk.
    func syncAll() {
        let position = lock.withLock { progress.isSettled ? 0 : progress.written }
        guard position > 0 else { return }
        do throws(ServingError) {
            try sync(to: position)
        } catch {
            settings.log(error.message)
        }
    }

    // MARK: - Versions

    /// Brings a version to where the others are, and from then on pushes go to it, too, as long as it lives.
    func join(_ member: JournalMember) throws(ServingError) {
        try turns.withLock { () throws(ServingError) in
            if lock.withLock({ processLock == nil }) {
                guard let opened = try open(patience: Self.openingPatience) else {
                    settings.log(
                        "The journal of \(base) is in use by another server: pushes are refused until that has ended, and those to "
                            + "it are served from then on"
                    )
                    lock.withLock { add(member) }
                    return
                }
                lock.withLock { processLock = opened }
            }
            try replay(into: member) { add(member) }
        }
    }

    /// Takes the journal over from a process that has ended.
    func takeOver() {
        turns.withLock {
            let waiting = lock.withLock { processLock == nil ? members.compactMap(\.member) : [] }
            guard !waiting.isEmpty else { return }
            do throws(ServingError) {
                guard let opened = try open(patience: 0) else { return }
                // No push is taken before all have what there is.
                for member in waiting { try replay(into: member) {} }
                lock.withLock { processLock = opened }
            } catch {
                settings.log("The journal of \(base) was not taken over: \(error.message)")
            }
        }
    }

    /// `turns` is held: nothing is compacted meanwhile, files are only added, and the newest grows.
    ///
    /// - Parameter end: is called under `lock`, when nothing is left to replay.
    private func replay(into member: JournalMember, _ end: () -> Void) throws(ServingError) {
        let started = MonotonicTime.now()
        var outcome = Replay()
        var done: [UInt64: Int] = [:]
        for file in lock.withLock({ allFiles }) { try outcome.read(file, from: &done, into: member) }
        try lock.withLock { () throws(ServingError) in
            for file in allFiles { try outcome.read(file, from: &done, into: member) }
            lastTime = max(lastTime, outcome.lastTime)
            end()
        }
        for damage in outcome.damages { settings.log(damage) }
        guard outcome.pushes > 0 else { return }
        let seconds = Double(MonotonicTime.now().nanoseconds(since: started)) / 1e9
        settings.log(
            "\(outcome.rows) pushed rows of \(base) were replayed in \((seconds * 100).rounded() / 100) s"
                + (outcome.refused > 0 ? "; \(outcome.refused) did not fit into --embedding-update-bytes" : "")
        )
    }

    private func add(_ member: JournalMember) {
        members.removeAll { $0.member == nil }
        members.append(WeakMember(member: member))
        mayShrink = true
    }

    func leave(_ member: JournalMember) {
        lock.withLock { members.removeAll { $0.member == nil || $0.member === member } }
    }

    private var allFiles: [JournalFile] { files + (output.map { [$0.file] } ?? []) }

    // MARK: - Compaction

    /// Leaves the last row of each id, where it is worth it. Pushes go on.
    func compactIfNeeded() {
        turns.withLock {
            let isNeeded = lock.withLock { () -> Bool in
                guard processLock != nil else { return false }
                if wasRefused && mayShrink && grown > 0 { return true }
                if files.count > Self.maximumFiles { return true }
                return byteCount >= settings.maximumBytes / 2 && grown >= min(compacted, settings.maximumBytes / 4)
            }
            guard isNeeded else { return }
            do throws(ServingError) {
                try compact()
            } catch {
                settings.log("The journal of \(base) was not compacted: \(error.message)")
            }
        }
    }

    private func compact() throws(ServingError) {
        let (old, live, number) = lock.withLock { () -> ([JournalFile], [JournalMember], UInt64) in
            while isSyncing { lock.wait() }
            seal()
            let number = nextNumber
            nextNumber += 1
            grown = 0
            wasRefused = false
            mayShrink = false
            return (files, members.compactMap(\.member), number)
        }
        guard !old.isEmpty else { return }
        // The number is above those that it replaces and below those of pushes that come meanwhile.
        var target = JournalFile(folder: folder, digest: digest, number: number, holdsAll: true)
        target.byteCount = try Compaction(old, target, base: base, members: live, log: settings.log).run()
        lock.withLock {
            files.removeFirst(old.count)
            files.insert(target, at: 0)
            compacted = target.byteCount
        }
        for file in old { unlink(file.path) }
    }
}
