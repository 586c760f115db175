import EngineInterface
import ServingPrimitives
import Tensors

/// Runs while a profile is open.
extension ModelServable {
    func run(_ request: RunRequest, _ trace: RunTrace) throws(ServingError) -> [Tensor] {
        var request = request
        request.trace = trace
        return try traced([request], trace) { () throws(ServingError) in try model.run(request) }
    }

    func runJointly(_ requests: [RunRequest], _ trace: RunTrace) throws(ServingError) -> [Tensor] {
        var requests = requests
        for index in requests.indices { requests[index].trace = trace }
        return try traced(requests, trace) { () throws(ServingError) in try model.runJointly(requests) }
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
