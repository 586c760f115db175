public import Logging
public import Servables
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Finds versions as numeric folders in base paths of a file system, by looking again and again.
///
/// Every model is looked after on its own, so that a base path that is missing, or hangs, holds up no other.
public struct FileSystemSource: ModelSource {
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

    /// Waits so many nanoseconds; returns early when its task is cancelled.
    public typealias Pause = @Sendable (UInt64) async -> Void

    private let models: [MonitoredModel]
    private let polling: Polling
    private let prefersTFLite: Bool
    private let settleNanoseconds: UInt64
    private let fileSystem: any FileSystem
    private let clock: @Sendable () -> Int64
    private let pause: Pause
    private let logger: Logger

    /// - Parameters:
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
        logger: Logger
    ) {
        self.models = models
        self.polling = polling
        self.prefersTFLite = prefersTFLite
        self.settleNanoseconds = settleNanoseconds
        self.fileSystem = fileSystem
        self.clock = clock
        self.pause = pause
        self.logger = logger
    }

    public func run(_ aspire: @escaping @Sendable (AspiredVersions) async -> Void) async {
        await withDiscardingTaskGroup { group in
            if polling != .never {
                for model in models { group.addTask { await monitor(model, aspire) } }
            }
            // A source that has nothing more to say still runs until it is cancelled.
            for await _ in AsyncStream<Never>(Never.self, { _ in }) {}
        }
    }

    private func monitor(_ model: MonitoredModel, _ aspire: @Sendable (AspiredVersions) async -> Void) async {
        var monitor = BasePathMonitor(
            model,
            prefersTFLite: prefersTFLite,
            settleNanoseconds: Int64(clamping: settleNanoseconds)
        )
        while !Task.isCancelled {
            let before = monitor
            let result = await onOwnThread(named: "poll-\(model.name)") { [fileSystem, clock] in
                var monitor = before
                let look = monitor.look(at: fileSystem, now: clock())
                return (monitor, look)
            }
            guard let (after, look) = result, !Task.isCancelled else { return }
            monitor = after
            log(look, of: model)
            for announcement in look.announcements { await aspire(announcement) }
            guard let nanoseconds = pauseAfter(look) else { return }
            await pause(nanoseconds)
        }
    }

    /// Nanoseconds to the next look; `nil` when there is none.
    private func pauseAfter(_ look: BasePathMonitor.Look) -> UInt64? {
        switch polling {
        case .never: return nil
        case .once: return look.isSettled ? nil : settleNanoseconds
        case .everySeconds(let seconds):
            let (nanoseconds, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
            let interval = overflow ? .max : nanoseconds
            return look.isSettled ? interval : min(interval, settleNanoseconds)
        }
    }

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
        case .notThere(let version):
            warning("A version that should be served is not there", metadata: ["version": "\(version)"])
        }
    }
}
