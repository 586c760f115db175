import ServingPrimitives

/// Hands records to a thread of its own, which may take its time: what cannot be kept meanwhile is lost, and nobody waits.
///
/// The thread takes what has gathered a little after the first record came: one wake-up for many.
public final class RecordDrain: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.
    public typealias Handler = @Sendable (_ records: [RequestRecord]) -> Void

    private let capacity: Int
    private let lingerNanoseconds: UInt64
    private let handler: Handler
    private let lock = WaitableLock()
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
        startThread(named: name) { self.run() }
    }

    /// Never blocks for longer than an array grows.
    ///
    /// - Returns: whether there was room for it.
    public func offer(_ record: RequestRecord) -> Bool {
        let (isAdmitted, mustWake) = lock.withLock {
            guard records.count < capacity, !isClosing else { return (false, false) }
            records.append(record)
            return (true, records.count == 1 || records.count == capacity / 2)
        }
        if mustWake { lock.wakeAll() }
        return isAdmitted
    }

    /// Takes no more records, and waits until the thread has handled those there are, at most so long.
    public func close(within nanoseconds: UInt64) {
        let until = MonotonicTime.now().advanced(byNanoseconds: nanoseconds)
        lock.withLock {
            isClosing = true
            lock.wakeAll()
            while !isOver, lock.wait(until: until) {}
        }
    }

    // MARK: The thread

    private func run() {
        while let records = take() { handler(records) }
    }

    /// Waits for records; `nil` when there are none any more.
    private func take() -> [RequestRecord]? {
        lock.withLock {
            while records.isEmpty, !isClosing { lock.wait() }
            let until = MonotonicTime.now().advanced(byNanoseconds: lingerNanoseconds)
            while !isClosing, records.count < capacity / 2, lock.wait(until: until) {}
            guard !records.isEmpty else {
                isOver = true
                lock.wakeAll()
                return nil
            }
            defer {
                records = []
                records.reserveCapacity(min(capacity, 256))
            }
            return records
        }
    }
}
