/// Counts what a peer makes the server do for nothing, second by second.
struct AbuseMeter {
    enum Kind {
        case reset
        case settings
        case ping
        case ignoredFrame
        case windowUpdate
        case emptyData
    }

    /// Real work, which earns allowances. What was earned in one second still counts in the next, as the frames that
    /// belong to it may come after the second's end.
    private struct Work {
        var openedStreams = 0
        var completedRequests = 0
        var sentDataFrames = 0
    }

    private let limits: HTTP2AbuseLimits
    private var resets = 0
    private var settings = 0
    private var pings = 0
    private var ignoredFrames = 0
    private var windowUpdates = 0
    private var emptyData = 0
    private var work = Work()
    private var lastWork = Work()

    init(limits: HTTP2AbuseLimits) { self.limits = limits }

    /// Counts one frame. False when that was one too many.
    mutating func allows(_ kind: Kind) -> Bool {
        switch kind {
        case .reset:
            resets &+= 1
            return resets <= limits.resetsPerSecond &+ (work.completedRequests &+ lastWork.completedRequests)
        case .settings:
            settings &+= 1
            return settings <= limits.settingsPerSecond
        case .ping:
            pings &+= 1
            return pings <= limits.pingsPerSecond &+ sentDataFrames
        case .ignoredFrame:
            ignoredFrames &+= 1
            return ignoredFrames <= limits.ignoredFramesPerSecond
        case .windowUpdate:
            windowUpdates &+= 1
            // A stream earns some before its answer: grpcio widens the window of each that it opens, in several steps.
            let openedStreams = work.openedStreams &+ lastWork.openedStreams
            return windowUpdates <= limits.windowUpdatesPerSecond &+ 2 &* sentDataFrames &+ 4 &* openedStreams
        case .emptyData:
            emptyData &+= 1
            return emptyData <= limits.emptyDataFramesPerSecond
        }
    }

    private var sentDataFrames: Int { work.sentDataFrames &+ lastWork.sentDataFrames }

    mutating func streamOpened() { work.openedStreams &+= 1 }

    mutating func requestCompleted() { work.completedRequests &+= 1 }

    mutating func dataFrameSent() { work.sentDataFrames &+= 1 }

    /// Whether anything was counted in this second.
    var isCounting: Bool {
        resets | settings | pings | ignoredFrames | windowUpdates | emptyData != 0
            || work.openedStreams | work.completedRequests | work.sentDataFrames != 0
    }

    /// A new second.
    mutating func tick() {
        let done = work
        self = AbuseMeter(limits: limits)
        lastWork = done
    }
}
