public import Inference
public import Logging
public import ServingConfig
public import ServingMetrics
import ServingPrimitives
import Synchronization

/// The request logs of a server: which models have one, and the one thread that writes them.
///
/// Answers never wait for a log. Records wait for the disk in memory that is bounded; what finds no room, and what the
/// disk does not take, is dropped and counted in `/tensorflow/serving/request_log_count`.
public final class RequestLogs: Sendable {
    /// Where versions find the log of their model.
    public let taps = RequestLogTaps()

    private struct State {
        var logs: [String: RequestLog] = [:]
        /// By prefix: models may share one.
        var files: [String: RequestLogFile] = [:]
        var isRunning = false
    }

    private let limits: ServerConfiguration.RequestLogFiles
    private let savedModelTags: [String]
    private let metrics: ServerMetrics
    private let logger: Logger
    private let queue: LogQueue
    private let state = Mutex(State())

    /// - Parameter savedModelTags: of the graphs that answer, for the records.
    public init(
        files limits: ServerConfiguration.RequestLogFiles = .init(),
        savedModelTags: [String] = [],
        metrics: ServerMetrics,
        logger: Logger
    ) {
        self.limits = limits
        self.savedModelTags = savedModelTags
        self.metrics = metrics
        self.logger = logger
        queue = LogQueue(maximumByteCount: limits.maximumWaitingByteCount)
    }

    /// Logs from now on what the models' configurations ask for, and nothing else. They have been checked.
    public func configure(_ models: [ServerConfiguration.Model]) {
        var wanted: [String: RequestLog] = [:]
        for model in models { wanted[model.name] = model.requestLog }
        state.withLock { state in
            for name in state.logs.keys where wanted[name] == nil { taps.tap(of: name).close() }
            for (name, log) in wanted where state.logs[name] != log { open(log, of: name, &state) }
            let prefixes = Set(wanted.values.map(\.filenamePrefix))
            for (prefix, file) in state.files where !prefixes.contains(prefix) {
                state.files[prefix] = nil
                queue.add(.retire(file))
            }
            state.logs = wanted
            if !wanted.isEmpty { start(&state) }
        }
    }

    private func open(_ log: RequestLog, of model: String, _ state: inout State) {
        let file =
            state.files[log.filenamePrefix]
            ?? RequestLogFile(prefix: log.filenamePrefix, limits: limits, logger: logger)
        state.files[log.filenamePrefix] = file
        let sink = ModelLogSink(
            file: file,
            queue: queue,
            counts: LogCounts(model: model, metrics: metrics),
            samplingRate: log.samplingRate,
            savedModelTags: savedModelTags
        )
        taps.tap(of: model).open(sink, rate: log.samplingRate)
        logger.info(
            "The requests of a model are logged",
            metadata: [
                "model": "\(model)", "files": "\(log.filenamePrefix)-*", "sampling_rate": "\(log.samplingRate)",
            ]
        )
    }

    /// Without the thread, records fill the queue and are counted as dropped; the next change of the models tries again.
    private func start(_ state: inout State) {
        guard !state.isRunning else { return }
        do throws(ServingError) {
            try startThreadIfPossible(named: "request-log") { [queue] in LogWriter(queue: queue).run() }
            state.isRunning = true
        } catch {
            logger.error("Requests are not logged", metadata: ["error": "\(error)"])
        }
    }

    /// Logs nothing more, and waits until what was logged is written: so long and no longer.
    public func close(withinSeconds seconds: Int) async {
        let isRunning = state.withLock { state in
            for name in state.logs.keys { taps.tap(of: name).close() }
            state.logs = [:]
            return state.isRunning
        }
        queue.close()
        guard isRunning else { return }
        let deadline = MonotonicTime.now().advanced(byNanoseconds: UInt64(max(seconds, 0)) * 1_000_000_000)
        let hasEnded = await onOwnThread(named: "request-log-end") { [queue] in queue.waitForEnd(until: deadline) }
        if hasEnded == false {
            logger.error("The request logs are not complete: the disk did not take them in time")
        }
    }
}
