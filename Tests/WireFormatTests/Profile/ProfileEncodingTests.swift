import EngineInterface
import ServingProtos
import Testing
import WireFormat

@Suite struct ProfileEncodingTests {
    /// One run of two operations on the CPU and one on a GPU.
    private func recording(limit: Int = 100) -> RunRecording {
        let tracer = RunTracer()
        _ = tracer.begin(maximumEvents: limit)
        let run = tracer.beginRun()
        let cpu = "/job:localhost/replica:0/task:0/device:CPU:0"
        let start = TraceEvent.now()
        run?.add([
            TraceEvent(
                .operation,
                name: "dense/MatMul",
                operation: "MatMul",
                device: cpu,
                thread: 2,
                start: start + 1500,
                duration: 250
            ),
            TraceEvent(
                .operation,
                name: "a\"b\\\u{1}",
                operation: "",
                device: cpu,
                thread: 1,
                start: start + 10,
                duration: 5
            ),
            TraceEvent(
                .operation,
                name: "g",
                operation: "Add",
                device: "/device:GPU:0",
                thread: 9,
                start: start,
                duration: 1
            ),
            TraceEvent(.run, name: "m/1:serving_default", thread: 2, start: start, duration: 3000),
        ])
        return tracer.end()!
    }

    @Test func `a profile has a plane for the host and one for each device, and a line for each thread`() {
        let space = Tensorflow_Profiler_XSpace(recording(), host: "here")
        #expect(space.hostnames == ["here"])
        #expect(space.planes.map(\.name) == ["/device:GPU:0", "/host:CPU"])
        let host = space.planes[1]
        #expect(host.lines.map(\.name) == ["Runs of thread 2", "Thread 1", "Thread 2"])
        #expect(Set(host.lines.map(\.id)).count == 3)
        let matMul = host.lines[2].events[0]
        #expect(host.eventMetadata[matMul.metadataID]?.name == "dense/MatMul:MatMul")
        #expect(host.eventMetadata[matMul.metadataID]?.displayName == "MatMul")
        #expect(matMul.durationPs == 250_000)
        let run = host.lines[0].events[0]
        #expect(host.eventMetadata[run.metadataID]?.name == "m/1:serving_default")
        #expect(matMul.offsetPs - run.offsetPs == 1_500_000)
        #expect(run.stats == matMul.stats)
        #expect(host.statMetadata[run.stats[0].metadataID]?.name == "step_id")
        #expect(!space.isEmptyTrace)
    }

    @Test func `a profile says what it could not hold`() {
        let space = Tensorflow_Profiler_XSpace(recording(limit: 1), host: "here")
        #expect(space.warnings == ["3 events came when the profile was full and are not in it"])
    }

    @Test func `a profile without runs is empty`() {
        let tracer = RunTracer()
        _ = tracer.begin(maximumEvents: 1)
        #expect(Tensorflow_Profiler_XSpace(tracer.end()!, host: "here").isEmptyTrace)
    }

    @Test func `times of any size are encoded`() {
        let tracer = RunTracer()
        _ = tracer.begin(maximumEvents: 2)
        tracer.beginRun()?.add([
            TraceEvent(.operation, name: "a", thread: 0, start: .min, duration: .max),
            TraceEvent(.operation, name: "b", thread: 0, start: .max, duration: .min),
        ])
        let space = Tensorflow_Profiler_XSpace(tracer.end()!, host: "here")
        #expect(space.planes[0].lines[0].events.count == 2)
        #expect(!ChromeTrace.json(space).isEmpty)
    }

    @Test func `the trace for browsers names operations by their types and escapes texts`() {
        let text = String(
            decoding: ChromeTrace.json(Tensorflow_Profiler_XSpace(recording(), host: "here")),
            as: UTF8.self
        )
        #expect(text.hasPrefix("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{\"ph\":\"M\","))
        #expect(text.contains(#""args":{"name":"/host:CPU"}}"#))
        #expect(text.contains(#","dur":0.250,"name":"MatMul","args":{"long_name":"dense/MatMul:MatMul","step_id":1}}"#))
        #expect(text.contains(#""name":"a\"b\\\u0001""#))
        #expect(text.hasSuffix("],\"metadata\":{\"warnings\":[]}}\n"))
    }
}
