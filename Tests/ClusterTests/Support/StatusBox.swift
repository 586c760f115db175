import Cluster
import ServingPrimitives

/// The last status of a member, for a test to wait for.
final class StatusBox: @unchecked Sendable {
    // Sendable: `lock` guards the status.
    private let lock = WaitableLock()
    private var status = ClusterMember.Status()

    func set(_ status: ClusterMember.Status) {
        lock.withLock {
            self.status = status
            lock.wakeAll()
        }
    }

    /// `nil` after a minute.
    func wait(_ condition: (ClusterMember.Status) -> Bool) -> ClusterMember.Status? {
        let end = MonotonicTime.now().advanced(byNanoseconds: 60_000_000_000)
        return lock.withLock {
            while !condition(status) {
                guard lock.wait(until: end) else { return nil }
            }
            return status
        }
    }
}
