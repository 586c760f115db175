import EngineInterface
import ServingPrimitives
import Tensors

/// Runs while a profile is open.
extension ModelServable {
    func run(_ requests: [RunRequest], _ trace: RunTrace) throws(ServingError) -> [Tensor] {
        var requests = requests
        for index in requests.indices { requests[index].trace = trace }
        return try traced(requests, trace) { () throws(ServingError) in
            requests.count == 1 ? try model.run(requests[0]) : try model.runJointly(requests)
        }
    }

    /// Adds the run as a whole, also one that fails.
    private func traced(
        _ requests: [RunRequest],
        _ trace: RunTrace,
        _ run: () throws(ServingError) -> [Tensor]
    ) throws(ServingError) -> [Tensor] {
        let start = TraceEvent.now()
        defer {
            let signatures = requests.map { model.signatures[$0.signature].name }.joined(separator: "+")
            let event = TraceEvent(
                .run,
                name: "\(name):\(signatures)",
                thread: TraceEvent.currentThread,
                start: start,
                duration: max(TraceEvent.now() - start, 0)
            )
            trace.add([event])
        }
        return try run()
    }
}
