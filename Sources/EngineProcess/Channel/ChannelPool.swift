import ServingPrimitives

/// The channels of one engine process: a run takes one and gives it back when nobody needs its answer any more.
final class ChannelPool: @unchecked Sendable {
    // Sendable: `lock` guards `idle`.
    private let lock = WaitableLock()
    private let count: Int
    private var idle: [EngineChannel]

    init(_ channels: [EngineChannel]) {
        count = channels.count
        idle = channels
    }

    /// Blocks until a channel is idle.
    func take() -> EngineChannel {
        lock.withLock {
            while true {
                if let channel = idle.popLast() { return channel }
                lock.wait()
            }
        }
    }

    func giveBack(_ channel: EngineChannel) {
        lock.withLock { idle.append(channel) }
        lock.wakeOne()
    }

    /// Whether enough channels are idle for one to be kept with an answer. Those who hold answers may themselves wait for
    /// further runs, so never all channels may be held.
    var canSpareOne: Bool { lock.withLock { idle.count * 2 >= count } }
}

/// Keeps an answer's memory as it is until the last tensor in it is gone.
final class LentAnswer {
    private let channel: EngineChannel
    private let pool: ChannelPool

    init(_ channel: EngineChannel, of pool: ChannelPool) {
        self.channel = channel
        self.pool = pool
    }

    deinit { pool.giveBack(channel) }
}
