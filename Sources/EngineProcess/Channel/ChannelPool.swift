#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The channels of one engine process: a run takes one and gives it back when nobody needs its answer any more.
final class ChannelPool: @unchecked Sendable {
    // Sendable: `lock` guards `idle`.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let count: Int
    private var idle: [EngineChannel]

    init(_ channels: [EngineChannel]) {
        count = channels.count
        idle = channels
        pthread_mutex_init(lock, nil)
        pthread_cond_init(wakeUp, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(wakeUp)
        lock.deallocate()
        wakeUp.deallocate()
    }

    /// Blocks until a channel is idle.
    func take() -> EngineChannel {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let channel = idle.popLast() { return channel }
            pthread_cond_wait(wakeUp, lock)
        }
    }

    func giveBack(_ channel: EngineChannel) {
        pthread_mutex_lock(lock)
        idle.append(channel)
        pthread_mutex_unlock(lock)
        pthread_cond_signal(wakeUp)
    }

    /// Whether enough channels are idle for one to be kept with an answer. Those who hold answers may themselves wait for
    /// further runs, so never all channels may be held.
    var canSpareOne: Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return idle.count * 2 >= count
    }
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
