/// How much of the engine threads a queue gets when there is not enough for all.
public struct QueueShare: Sendable, Hashable {
    /// Queues of one group (those of one model) share a weight; `nil` is a group of its own.
    public var group: Int?
    /// Engine time of the group in proportion to others'.
    public var weight: Double

    public init(group: Int? = nil, weight: Double = 1) {
        precondition(weight > 0, "a share weighs something")
        self.group = group
        self.weight = weight
    }
}

/// The engine time that a group of queues has had. Under the scheduler's lock.
final class ShareAccount {
    let group: Int?
    let weight: Double
    /// Engine time had, in nanoseconds, divided by the weight.
    var time = 0.0
    /// Queues of the group in which tasks wait.
    var listedQueues = 0
    /// When the group last got a batch, or began to wait for one.
    var waitsSince: UInt64 = 0

    init(_ share: QueueShare) {
        group = share.group
        weight = share.weight
    }

    func charge(_ nanoseconds: Double) { time += nanoseconds / weight }
}
