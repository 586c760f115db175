import EngineInterface
import Testing

@Suite struct RunTracerTests {
    private func event(_ name: String) -> TraceEvent {
        TraceEvent(.operation, name: name, operation: "MatMul", device: "d", thread: 7, start: 5, duration: 2)
    }

    @Test func `runs are traced while a recording is open`() {
        let tracer = RunTracer()
        #expect(!tracer.isActive)
        #expect(tracer.beginRun() == nil)
        #expect(tracer.begin(maximumEvents: 10))
        let run = tracer.beginRun()
        #expect(tracer.isActive)
        run?.add([event("a"), event("b")])
        let recording = tracer.end()
        #expect(recording?.events.map(\.event) == [event("a"), event("b")])
        #expect(recording?.events.allSatisfy { $0.run == run?.number } == true)
        #expect(!tracer.isActive)
        #expect(tracer.end() == nil)
    }

    @Test func `one recording is open at a time`() {
        let tracer = RunTracer()
        #expect(tracer.begin(maximumEvents: 10))
        #expect(!tracer.begin(maximumEvents: 10))
        #expect(tracer.end()?.isEmpty == true)
        #expect(tracer.begin(maximumEvents: 10))
    }

    @Test func `what a full recording cannot hold is counted`() {
        let tracer = RunTracer()
        #expect(tracer.begin(maximumEvents: 3))
        tracer.beginRun()?.add((0..<5).map { event("\($0)") })
        let recording = tracer.end()
        #expect(recording?.events.map(\.event.name) == ["0", "1", "2"])
        #expect(recording?.droppedEvents == 2)
    }

    @Test func `what a run adds after the end is dropped`() {
        let tracer = RunTracer()
        #expect(tracer.begin(maximumEvents: 3))
        let run = tracer.beginRun()
        _ = tracer.end()
        run?.add([event("late")])
        #expect(tracer.begin(maximumEvents: 3))
        #expect(tracer.end()?.isEmpty == true)
    }
}
