import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Hands records to a thread of its own, which may take its time: what cannot be kept meanwhile is lost, and nobody waits.
///
/// The thread takes what has gathered a little after the first record came: one wake-up for many.
public final class RecordDrain: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.
    public typealias Handler = @Sendable (_ records: [RequestRecord]) -> Void

    private let capacity: Int
    private let lingerNanoseconds: UInt64
    private let handler: Handler
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var records: [RequestRecord] = []
    private var isClosing = false
    private var isOver = false

    /// - Parameters:
    ///   - name: of the thread.
    ///   - capacity: records that may wait.
    ///   - linger: nanoseconds from the first record to the moment when all are taken, unless half of the room is full.
    ///   - handler: called on the thread; may block.
    public init(named name: String, capacity: Int, linger: UInt64, handler: @escaping Handler) {
        self.capacity = capacity
        lingerNanoseconds = linger
        self.handler = handler
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
        startThread(named: name) { self.run() }
    }

    /// Never blocks for longer than an array grows.
    ///
    /// - Returns: whether there was room for it.
    public func offer(_ record: RequestRecord) -> Bool {
        pthread_mutex_lock(lock)
        guard records.count < capacity, !isClosing else {
            pthread_mutex_unlock(lock)
            return false
        }
        records.append(record)
        let mustWake = records.count == 1 || records.count == capacity / 2
        pthread_mutex_unlock(lock)
        if mustWake { pthread_cond_broadcast(changed) }
        return true
    }

    /// Takes no more records, and waits until the thread has handled those there are, at most so long.
    public func close(within nanoseconds: UInt64) {
        var until = Self.absolute(MonotonicTime.now().advanced(byNanoseconds: nanoseconds))
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        isClosing = true
        pthread_cond_broadcast(changed)
        while !isOver, pthread_cond_timedwait(changed, lock, &until) == 0 {}
    }

    // MARK: The thread

    private func run() {
        while let records = take() { handler(records) }
    }

    /// Waits for records; `nil` when there are none any more.
    private func take() -> [RequestRecord]? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while records.isEmpty, !isClosing { pthread_cond_wait(changed, lock) }
        var until = Self.absolute(MonotonicTime.now().advanced(byNanoseconds: lingerNanoseconds))
        while !isClosing, records.count < capacity / 2, pthread_cond_timedwait(changed, lock, &until) == 0 {}
        guard !records.isEmpty else {
            isOver = true
            pthread_cond_broadcast(changed)
            return nil
        }
        defer {
            records = []
            records.reserveCapacity(min(capacity, 256))
        }
        return records
    }

    private static func absolute(_ time: MonotonicTime) -> timespec {
        timespec(
            tv_sec: Int(clamping: time.nanoseconds / 1_000_000_000),
            tv_nsec: Int(time.nanoseconds % 1_000_000_000)
        )
    }
}
