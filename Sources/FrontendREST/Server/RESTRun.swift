import EventLoopSupport
import Inference
import ServingPrimitives

/// A run of a model that a request waits for: what ends the waiting. Belongs to the connection's event loop.
final class RESTRun: DeadlineQueueElement {
    let call: RESTCall
    let deadline: Deadline
    var deadlineQueuePosition: Int?
    let queued: QueuedRun

    init(_ queued: QueuedRun, call: RESTCall, deadline: Deadline) {
        self.queued = queued
        self.call = call
        self.deadline = deadline
    }
}
