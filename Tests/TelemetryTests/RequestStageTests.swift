import ServingMetrics
import ServingPrimitives
import Testing

@testable import Telemetry

@Suite struct RequestStageTests {
    private func record(_ run: RunTimes) -> RequestRecord {
        var record = RequestRecord(.rest, .predict, at: MonotonicTime(nanoseconds: 1000))
        record.complete = MonotonicTime(nanoseconds: 1100)
        record.run = run
        record.answered = MonotonicTime(nanoseconds: 5000)
        return record
    }

    @Test(
        arguments: [
            (RunTimes(queued: 1300, began: 1700, ended: 4000), .none, [100, nil, 200, 400, 2300, 1000] as [UInt64?]),
            // It failed in the engine, or its caller went: the run's end is not known.
            (RunTimes(queued: 1300, began: 1700), .none, [100, nil, 200, 400, 3300, nil]),
            (RunTimes(queued: 1300), .none, [100, nil, 200, 3700, nil, nil]),
            (RunTimes(), .none, [100, nil, 3900, nil, nil, nil]),
            // Its model had to be loaded, or still is.
            (
                RunTimes(queued: 1300, began: 1700, ended: 4000), .ended(MonotonicTime(nanoseconds: 1250)),
                [100, 150, 50, 400, 2300, 1000]
            ),
            (RunTimes(), .ended(MonotonicTime(nanoseconds: 1250)), [100, 150, 3750, nil, nil, nil]),
            (RunTimes(), .running, [100, 3900, nil, nil, nil, nil]),
        ] as [(RunTimes, RequestRecord.ModelWait, [UInt64?])]
    )
    func `stages add up to the duration, however far a request gets`(
        run: RunTimes,
        wait: RequestRecord.ModelWait,
        expected: [UInt64?]
    ) {
        var record = record(run)
        record.modelWait = wait
        let found = RequestStage.allCases.map { record.nanoseconds(of: $0) }
        #expect(found == expected)
        #expect(found.reduce(0) { $0 + ($1 ?? 0) } == record.duration)
    }

    @Test func `a line of the access log is one JSON object with what is known`() {
        var record = record(RunTimes(queued: 1300, began: 1700, ended: 4000, rows: 2, batchRows: 5, batchRequests: 3))
        record.model = "a \"b\"\n"
        record.version = 7
        record.signature = "s"
        record.httpStatus = 200
        record.peer = "::1"
        record.trace = RequestTrace(traceHigh: 1, traceLow: 2, parentSpanID: 0, spanID: 255, isSampled: true)
        #expect(
            String(decoding: record.accessLogLine(WallClock(offset: 0)), as: UTF8.self) == """
                {"time":"1970-01-01T00:00:00.000001Z","entry":"rest","api":"Predict","model":"a \\"b\\"\\n","version":7,\
                "signature":"s","status":"OK","http_status":200,"peer":"::1","duration_us":4.000,"stages_us":\
                {"receive":0.100,"parse":0.200,"queue":0.400,"run":2.300,"encode":1.000},"rows":2,"batch_rows":5,\
                "batch_requests":3,"request_bytes":0,"answer_bytes":0,\
                "trace_id":"00000000000000010000000000000002","span_id":"00000000000000ff","sampled":true}

                """
        )
    }

    @Test func `long texts are cut between characters`() {
        var record = record(RunTimes())
        record.error = String(repeating: "ä", count: 1000)
        let line = String(decoding: record.accessLogLine(WallClock(offset: 0)), as: UTF8.self)
        #expect(line.contains("\"error\":\"\(String(repeating: "ä", count: RequestRecord.longestError / 2))...\""))
    }
}
