public import Logging
public import Servables
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Finds versions as numeric folders in base paths of a file system, by looking again and again.
///
/// Every model is looked after on its own, so that a base path that is missing, or hangs, holds up no other. The models
/// may change while it runs.
public final class FileSystemSource: ModelSource {
    /// When to look.
    public enum Polling: Sendable, Hashable {
        case everySeconds(Int)
        /// Until nothing that was there at the first look is still being written.
        case once
        case never

        /// As `--file_system_poll_wait_seconds` spells it: 0 is once, a negative number never.
        public init(pollWaitSeconds seconds: Int) {
            self = seconds > 0 ? .everySeconds(seconds) : seconds == 0 ? .once : .never
        }
    }

    /// Told of a model's versions whose files are being fetched, newest first, whenever they change.
    public typealias ComingObserver = @Sendable (_ model: String, _ versions: [VersionStatus]) -> Void

    /// Waits so many nanoseconds; returns early when its task is cancelled.
    public typealias Pause = @Sendable (UInt64) async -> Void

    private enum Event: Sendable {
        case modelsChanged
        case looked(UInt64, BasePathMonitor, BasePathMonitor.Look)
        /// The pause of this number is over.
        case pauseEnded(UInt64)
    }

    private struct State {
        var models: [MonitoredModel]
        /// Only while the source runs.
        var events: AsyncStream<Event>.Continuation?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let polling: Polling
    private let prefersTFLite: Bool
    private let settleNanoseconds: UInt64
    private let fileSystem: any FileSystem
    private let clock: @Sendable () -> Int64
    private let pause: Pause
    private let coming: ComingObserver
    private let logger: Logger

    /// - Parameters:
    ///   - models: of different names.
    ///   - prefersTFLite: whether a version with nothing but a `model.tflite` is complete.
    ///   - settleNanoseconds: how long a version's folder must have been left alone before it is taken.
    ///   - clock: nanoseconds since 1970.
    public init(
        models: [MonitoredModel],
        polling: Polling = .everySeconds(1),
        prefersTFLite: Bool = false,
        settleNanoseconds: UInt64 = 2_000_000_000,
        fileSystem: any FileSystem = LocalFileSystem(),
        clock: @escaping @Sendable () -> Int64 = FileSystemSource.wallClock,
        pause: @escaping Pause = { try? await Task.sleep(nanoseconds: $0) },
        coming: @escaping ComingObserver = { _, _ in },
        logger: Logger
    ) {
        self.state = Mutex(State(models: models))
        self.polling = polling
        self.prefersTFLite = prefersTFLite
        self.settleNanoseconds = settleNanoseconds
        self.fileSystem = fileSystem
        self.clock = clock
        self.pause = pause
        self.coming = coming
        self.logger = logger
    }

    /// Replaces the models that are looked after. One that is not among them any more is asked for without versions; one
    /// whose policy or base path is another is looked at again at once, and keeps its versions until then.
    ///
    /// - Parameter models: of different names.
    public func setModels(_ models: [MonitoredModel]) {
        let events = state.withLock { state in
            state.models = models
            return state.events
        }
        events?.yield(.modelsChanged)
    }

    /// Returns when the models that `setModels` took away have been asked for without versions; at once when the source does
    /// not run.
    public func caughtUp() async {
        await withCheckedContinuation { continuation in
            let events = state.withLock { state in
                if state.events != nil { state.waiters.append(continuation) }
                return state.events
            }
            if let events { events.yield(.modelsChanged) } else { continuation.resume() }
        }
    }

    public func run(_ aspire: @escaping @Sendable (AspiredVersions) async -> Void) async {
        let (events, post) = AsyncStream.makeStream(of: Event.self)
        state.withLock { $0.events = post }
        post.yield(.modelsChanged)
        var watched = WatchedModels { [prefersTFLite, settleNanoseconds] model in
            BasePathMonitor(
                model,
                prefersTFLite: prefersTFLite,
                settleNanoseconds: Int64(clamping: settleNanoseconds)
            )
        }
        var rounds = LookRounds(
            queue: LookQueue { [fileSystem, clock] item in
                var monitor = item.monitor
                let look = monitor.look(at: fileSystem, now: clock())
                post.yield(.looked(item.id, monitor, look))
            },
            pause: pause,
            pauseEnded: { post.yield(.pauseEnded($0)) }
        )
        // Nowhere else versions are asked for: a look that was under way when its watch ended comes too late.
        for await event in events {
            switch event {
            case .modelsChanged:
                let (models, waiters) = takeChange()
                let change = watched.set(models)
                for basePath in change.abandoned { fileSystem.forget(basePath) }
                if polling != .never {
                    for watch in change.begun { fileSystem.refresh(watch.monitor.model.basePath) }
                    rounds.look(at: change.begun)
                }
                for name in change.removed {
                    coming(name, [])
                    fileSystem.use([], by: name)
                }
                for name in change.removed { await aspire(AspiredVersions(model: name, versions: [])) }
                for waiter in waiters { waiter.resume() }
            case .looked(let id, let monitor, let look):
                guard watched.update(id, monitor) else { continue }
                if let pause = pauseAfter(look, settleNanoseconds: UInt64(clamping: monitor.settleNanoseconds)) {
                    rounds.look(at: id, in: pause, isSettled: look.isSettled, crowding: crowding)
                }
                log(look, of: monitor.model)
                for announcement in look.announcements { await aspire(announcement) }
                if let announced = look.announcements.last {
                    fileSystem.use(Set(announced.versions.map(\.path)), by: monitor.model.name)
                }
                coming(monitor.model.name, look.coming)
            case .pauseEnded(let number):
                rounds.pauseEnded(number) { watched.watch($0) }
            }
        }
        rounds.end()
        for waiter in endRun() { waiter.resume() }
    }

    private func takeChange() -> ([MonitoredModel], [CheckedContinuation<Void, Never>]) {
        state.withLock { state in
            defer { state.waiters = [] }
            return (state.models, state.waiters)
        }
    }

    private func endRun() -> [CheckedContinuation<Void, Never>] {
        state.withLock { state in
            defer { (state.events, state.waiters) = (nil, []) }
            return state.waiters
        }
    }

    /// Nanoseconds to the next look; `nil` when there is none.
    private func pauseAfter(_ look: BasePathMonitor.Look, settleNanoseconds: UInt64) -> UInt64? {
        let soon = settleNanoseconds == 0 ? Self.shortestPause : settleNanoseconds
        switch polling {
        case .never: return nil
        case .once: return look.isSettled ? nil : soon
        case .everySeconds(let seconds):
            let (nanoseconds, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
            let (interval, isLong) = nanoseconds.multipliedReportingOverflow(by: crowding)
            guard !overflow, !isLong else { return .max }
            return look.isSettled ? interval : min(interval, soon)
        }
    }

    /// Looks for a second are bounded: thousands of models are each looked at less often.
    private var crowding: UInt64 { UInt64(1 + state.withLock { $0.models.count } / Self.looksPerInterval) }
    private static let looksPerInterval = 250

    /// While a version is awaited that need not rest.
    private static let shortestPause: UInt64 = 100_000_000

    private func log(_ look: BasePathMonitor.Look, of model: MonitoredModel) {
        var logger = logger
        logger[metadataKey: "model"] = "\(model.name)"
        logger[metadataKey: "base_path"] = "\(model.basePath)"
        for notice in look.notices { logger.warning(notice) }
        for announcement in look.announcements {
            let versions = announcement.versions.map { Logger.MetadataValue.stringConvertible($0.id.version) }
            logger.info("Versions to serve", metadata: ["versions": .array(versions)])
        }
    }

    /// The time of day, in nanoseconds since 1970.
    public static let wallClock: @Sendable () -> Int64 = {
        var value = timespec()
        clock_gettime(CLOCK_REALTIME, &value)
        return Int64(value.tv_sec) &* 1_000_000_000 &+ Int64(value.tv_nsec)
    }
}

extension Logger {
    fileprivate func warning(_ notice: BasePathMonitor.Notice) {
        switch notice {
        case .unreadable(let reason):
            warning("Could not read the base path; the model stays as it is", metadata: ["error": "\(reason)"])
        case .noVersions:
            warning("No versions found in the base path; a version's folder must have a number as its name, like 1")
        case .duplicate(let version, let ignored, let used):
            warning(
                "Two folders stand for one version; one is ignored",
                metadata: ["version": "\(version)", "ignored": "\(ignored)", "used": "\(used)"]
            )
        case .incomplete(let version, let defect):
            warning(
                "A version is not complete and is passed over while there is another",
                metadata: ["version": "\(version)", "defect": "\(defect)"]
            )
        case .notFetched(let version, let reason):
            warning(
                "The files of a version cannot be fetched now; it is tried again",
                metadata: ["version": "\(version)", "error": "\(reason)"]
            )
        case .noneWanted:
            warning("No versions are served: the version policy is a list of specific versions, and it is empty")
        case .notThere(let version):
            warning("A version that should be served is not there", metadata: ["version": "\(version)"])
        }
    }
}
