import Batching
import EngineInterface
public import Servables
import ServingPrimitives
import Synchronization
public import Telemetry

/// For those who tell of requests.
extension QueuedRun {
    /// What the run has come to so far. Any thread.
    public var times: RunTimes {
        RunTimes(
            queued: start.nanoseconds,
            began: beganAt.load(ordering: .relaxed),
            ended: endedAt.load(ordering: .relaxed),
            rows: terms.size,
            batchRows: batchRows.load(ordering: .relaxed),
            batchRequests: batchRequests.load(ordering: .relaxed)
        )
    }

    /// The version that answers.
    public var servable: ServableID { run.model.lease.id }

    /// The signature that is run; the first of them, where there are several.
    public var signatureName: String { run.executor.signature.name }
}

extension RequestRecord {
    /// Takes over what the run has come to so far.
    public mutating func take(_ queued: QueuedRun) {
        run = queued.times
        version = queued.servable.version
        signature = queued.signatureName
    }
}
