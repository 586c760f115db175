import Servables
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import Inference

private struct NoSink: RequestLogSink {
    func log(_ call: LoggedCall) {}
}

@Suite struct RequestLogTapTests {
    @Test(arguments: [(0, 0), (1, 10_000), (0.25, 2500), (0.001, 10)] as [(Double, Int)])
    func `an open tap takes its share`(rate: Double, expected: Int) {
        let tap = RequestLogTap(seed: 42)
        tap.open(NoSink(), rate: rate)
        let taken = (0..<10_000).count { _ in tap.draw() != nil }
        #expect(abs(taken - expected) <= (rate == 0 || rate == 1 ? 0 : expected / 5 + 10))
    }

    @Test func `a closed tap takes nothing`() {
        let tap = RequestLogTap(seed: 1)
        #expect(tap.draw() == nil)
        tap.open(NoSink(), rate: 1)
        tap.close()
        #expect(tap.draw() == nil)
    }

    @Test func `the answer comes first, and only success is logged`() throws {
        let events = Events()
        let call = ExampleCall(
            model: ModelSelector(name: "m"),
            examples: try Tensor(.float32, TensorShape([1]), scalars: [1] as [Float])
        )
        let answered = { @Sendable (_: Result<ClassifyResult, ServingError>) in events.add("answered") }
        let completion = events.following(answered) { .classify(call, $0) }
        let lease = ServableLease(id: ServableID(name: "m", version: 1), servable: NoModel()) {}
        let answer = Classifications(exampleCount: 1, classCount: 1, labels: nil, scores: nil)
        completion(.success(ClassifyResult(signatureName: "s", answer: answer, lease: lease)))
        completion(.failure(.internalError("no")))
        #expect(events.list == ["answered", "logged", "answered"])
    }

    private final class NoModel: Servable {}

    private final class Events: RequestLogSink {
        private let events = Mutex<[String]>([])
        var list: [String] { events.withLock { $0 } }
        func add(_ event: String) { events.withLock { $0.append(event) } }
        func log(_ call: LoggedCall) { add("logged") }
    }
}
