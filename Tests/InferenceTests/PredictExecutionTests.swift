import Batching
import EngineInterface
import Inference
import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct PredictExecutionTests {
    /// A model that notes the threads it runs on.
    private final class Watched: Sendable {
        let runs = Mutex<[UInt]>([])
        var count: Int { runs.withLock { $0.count } }

        func model() -> FakeModel {
            let inner = FakeModel.halfPlusTwo()
            return FakeModel(signatures: inner.signatures) { (request) throws(ServingError) -> [Tensor] in
                self.runs.withLock { $0.append(UInt(pthread_self())) }
                return try inner.run(request)
            }
        }
    }

    @Test func `a call cancelled while it waits for a thread is not run`() async throws {
        let watched = Watched()
        let bench = await ServiceBench(watched.model())
        let gate = Gate()
        try await bench.occupyThread(until: gate)
        let (answers, answer) = AsyncStream<Result<PredictResult, ServingError>>.makeStream()
        let run = bench.service.predict(try call()) { answer.yield($0) }
        run?.cancel()
        let result = try #require(await answers.first { _ in true }, "answered while the thread is busy")
        gate.open()
        #expect(throws: ServingError(.cancelled, "The caller cancelled the request before it was run")) {
            try result.get()
        }
        #expect(watched.count == 0)
    }

    @Test func `a call whose deadline has passed is not run`() async throws {
        let watched = Watched()
        let bench = await ServiceBench(watched.model())
        let past = Deadline(MonotonicTime(nanoseconds: 1))
        #expect(
            await bench.failure(try call(deadline: past)) == .deadlineExceeded("Timed out waiting for notification")
        )
        #expect(watched.count == 0)
    }

    @Test func `the deadline reaches the engine`() async throws {
        let seen = Mutex<Deadline?>(nil)
        let bench = await ServiceBench(
            FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { request in
                seen.withLock { $0 = request.deadline }
                return request.inputs
            }
        )
        let deadline = Deadline.after(nanoseconds: 3_600_000_000_000, from: .now())
        _ = try await bench.predict(try call(deadline: deadline)).get()
        #expect(seen.withLock { $0 } == deadline)
    }

    @Test func `a call after the threads ended is refused`() async throws {
        let bench = await ServiceBench()
        bench.scheduler.shutdown()
        #expect(await bench.failure(try call()) == .unavailable("The server is shutting down"))
    }

    @Test func `an answer keeps its version loaded until it is let go`() async throws {
        let model = FakeModel.halfPlusTwo()
        let bench = await ServiceBench(model)
        var result: PredictResult? = try await bench.predict(try call()).get()
        bench.aspire()
        await bench.recorder.wait(for: 3, .unloading)
        #expect(!model.isClosed)
        #expect(result?.outputs.count == 1)
        result = nil
        await bench.recorder.wait(for: 3, .end)
        #expect(result == nil)
        #expect(model.isClosed)
    }

    @Test func `a call that waits for a thread keeps its version loaded`() async throws {
        let model = FakeModel.halfPlusTwo()
        let bench = await ServiceBench(model)
        let gate = Gate()
        try await bench.occupyThread(until: gate)
        let (answers, answer) = AsyncStream<Bool>.makeStream()
        bench.service.predict(try call()) { result in answer.yield((try? result.get()) != nil && !model.isClosed) }
        bench.aspire()
        await bench.recorder.wait(for: 3, .unloading)
        gate.open()
        #expect(await answers.first { _ in true } == true)
        await bench.recorder.wait(for: 3, .end)
        #expect(model.isClosed)
    }
}
