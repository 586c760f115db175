import Batching

/// Where a run waits, and how its tensors lie in the runs of that queue.
struct RunBinding: Sendable {
    let queue: RunQueue
    /// For each input of the queue's runs, which of the run's it is; `nil` when they lie alike.
    let inputs: [Int]?
    /// For each output of the run, which of the queue's it is; `nil` when they lie alike.
    let outputs: [Int]?
}
