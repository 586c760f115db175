import Batching
import EngineInterface
import Servables
import ServingMetrics
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@testable import Inference

@Suite struct ModelBreakerTests {
    /// A model whose runs end as the test says, and a clock that stands still until it is moved.
    private final class Bench: Sendable {
        let outcome = Mutex<ServingError?>(nil)
        let time = Mutex<UInt64>(1)
        let metrics = MetricRegistry()
        let service = InferenceService(
            manager: ServableManager(loaders: FakeLoaderFactory([:]) { fatalError("no model") })
        )

        func model(failures: Int) -> ResolvedModel {
            let signatures = FakeModel.halfPlusTwo().signatures
            let model = FakeModel(signatures: signatures) { [self] (request) throws(ServingError) in
                if let error = outcome.withLock({ $0 }) { throw error }
                return [request.inputs[0]]
            }
            let servable = ModelServable(
                model: model,
                queues: ModelQueues(scheduler: BatchScheduler(threadCount: 0), rules: .alone),
                breaker: ModelBreaker(
                    rules: .init(consecutiveFailures: failures),
                    model: "m",
                    version: 7,
                    metrics: ModelBreaker.Metrics(registry: metrics),
                    now: { [self] in MonotonicTime(nanoseconds: time.withLock { $0 }) }
                )
            )
            return ResolvedModel(
                lease: ServableLease(id: ServableID(name: "m", version: 7), servable: servable) {},
                servable: servable
            )
        }

        /// Runs the model once on this thread; what a call that asked first would be told.
        func run(_ model: ResolvedModel) -> ServingError? {
            do throws(ServingError) {
                try model.servable.breaker?.admit()
                let request = RunRequest(signature: 0, inputs: [Tensor.scalarOne], outputs: [0])
                _ = try model.servable.run([request], elements: 1, estimate: RunTimeEstimate())
                return nil
            } catch {
                return error
            }
        }
    }

    @Test func `a model that keeps failing is left alone, tried again and used again`() throws {
        let bench = Bench()
        let model = bench.model(failures: 3)
        bench.outcome.withLock { $0 = .internalError("broken") }
        for _ in 0..<3 { #expect(bench.run(model)?.message == "broken") }
        let refusal = try #require(bench.run(model))
        #expect(refusal.code == .unavailable && refusal.retryAfterNanoseconds == 5_000_000_000)
        #expect(refusal.message.contains("Version 7 of model m has failed too often"))
        #expect(bench.metrics.firstValue(of: "/apus/circuit_breaker_open") == 1)
        #expect(bench.metrics.firstValue(of: "/apus/circuit_breaker_refusals") == 1)
        bench.time.withLock { $0 += 5_000_000_000 }
        #expect(bench.run(model)?.message == "broken", "a probe")
        #expect(bench.run(model)?.code == .unavailable)
        bench.time.withLock { $0 += 5_000_000_000 }
        bench.outcome.withLock { $0 = nil }
        #expect(bench.run(model) == nil)
        #expect(bench.run(model) == nil)
        #expect(bench.metrics.firstValue(of: "/apus/circuit_breaker_open") == 0)
    }

    @Test(arguments: [
        CanonicalCode.invalidArgument, .failedPrecondition, .outOfRange, .notFound, .deadlineExceeded, .cancelled,
    ])
    func `what a caller does wrong does not open it`(code: CanonicalCode) {
        let bench = Bench()
        let model = bench.model(failures: 2)
        bench.outcome.withLock { $0 = ServingError(code, "yours") }
        for _ in 0..<10 { #expect(bench.run(model)?.message == "yours") }
        #expect(model.servable.breaker?.state == .closed)
    }

    @Test func `a prediction is refused before it is queued`() throws {
        let bench = Bench()
        let model = bench.model(failures: 1)
        bench.outcome.withLock { $0 = .internalError("broken") }
        _ = bench.run(model)
        let answer = Mutex<ServingError?>(nil)
        let call = PredictCall(
            model: ModelSelector(name: "m"),
            inputs: [NamedTensor(name: "x", tensor: Tensor.scalarOne)]
        )
        let queued = bench.service.predict(call, on: model) { result in
            if case .failure(let error) = result { answer.withLock { $0 = error } }
        }
        #expect(queued == nil)
        #expect(answer.withLock { $0 }?.code == .unavailable)
    }
}

extension Tensor {
    /// The test's own input, which is one float.
    fileprivate static var scalarOne: Tensor {
        // Cannot fail: one value for one element.
        try! Tensor(.float32, try! TensorShape([1]), scalars: [Float(1)])
    }
}
