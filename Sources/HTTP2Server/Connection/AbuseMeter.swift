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

    private let limits: HTTP2AbuseLimits
    private var resets = 0
    private var settings = 0
    private var pings = 0
    private var ignoredFrames = 0
    private var windowUpdates = 0
    private var emptyData = 0
    private var completedRequests = 0
    private var sentDataFrames = 0
    private var openedStreams = 0

    init(limits: HTTP2AbuseLimits) { self.limits = limits }

    /// Counts one frame. False when that was one too many.
    mutating func allows(_ kind: Kind) -> Bool {
        switch kind {
        case .reset:
            resets &+= 1
            return resets <= limits.resetsPerSecond &+ completedRequests
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
            return windowUpdates <= limits.windowUpdatesPerSecond &+ 2 &* sentDataFrames &+ 4 &* openedStreams
        case .emptyData:
            emptyData &+= 1
            return emptyData <= limits.emptyDataFramesPerSecond
        }
    }

    /// Real work earns allowances. A stream earns window updates before its answer: grpcio widens the window of each one
    /// that it opens, in several steps.
    mutating func streamOpened() { openedStreams &+= 1 }

    mutating func requestCompleted() { completedRequests &+= 1 }

    mutating func dataFrameSent() { sentDataFrames &+= 1 }

    /// Whether anything was counted in this second.
    var isCounting: Bool {
        resets | settings | pings | ignoredFrames | windowUpdates | emptyData | completedRequests | sentDataFrames
            | openedStreams != 0
    }

    /// A new second.
    mutating func tick() { self = AbuseMeter(limits: limits) }
}
