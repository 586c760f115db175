import Dispatch
import EngineInterface
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors

/// An echoing model whose runs wait until the test lets them go, and count themselves.
final class GatedModel: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let entered = AsyncStream.makeStream(of: Void.self)
    private let startedRuns = Atomic<Int>(0)

    /// Runs that have begun.
    var runCount: Int { startedRuns.load(ordering: .sequentiallyConsistent) }

    var model: FakeModel {
        let parameter = Signature.Parameter(name: "x", elementType: .float32, shape: [-1], tensorName: "x:0")
        return FakeModel(
            signatures: [
                Signature(
                    name: "serving_default",
                    methodName: "tensorflow/serving/predict",
                    inputs: [parameter],
                    outputs: [parameter]
                )
            ]
        ) { [self] (request) throws(ServingError) -> [Tensor] in
            startedRuns.add(1, ordering: .sequentiallyConsistent)
            entered.continuation.yield()
            gate.wait()
            return request.inputs
        }
    }

    /// Returns when one more run has begun.
    func waitForRun() async {
        for await _ in entered.stream { return }
    }

    /// Lets so many runs go on, now or when they come.
    func release(_ count: Int = 1) {
        for _ in 0..<count { gate.signal() }
    }
}
