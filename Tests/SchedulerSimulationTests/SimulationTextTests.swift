import SchedulerSimulation
import ServingPrimitives
import Testing

@Suite struct SimulationTextTests {
    @Test func `a trace is read, in order of arrival`() throws {
        let text = "arrival_ms,rows,deadline_ms,priority,tenant,model\n5,2,25\n\n1.5,1,,3,4,1\r\n# end\n"
        #expect(
            try TraceText.requests(text) == [
                SimulatedRequest(arrival: 1_500_000, rows: 1, budget: nil, priority: 3, tenant: 4, model: 1),
                SimulatedRequest(arrival: 5_000_000, rows: 2, budget: 25_000_000),
            ]
        )
    }

    @Test(arguments: [
        "1,2", "1,x,3", "-1,1,1", "1,1,1,1,1,1,1", "1,1,1,0,0,5000", "1,99999999,1", "nan,1,1", "1,1,1e30",
    ])
    func `a line that is none is named`(line: String) {
        let error = #expect(throws: ServingError.self) { try TraceText.requests("1,1,1\n\(line)\n") }
        #expect(error?.message.hasPrefix("Line 2 of the trace is not") == true)
    }

    @Test func `a curve is read from a scheduler's page`() throws {
        let page = """
            {"queues": [{"curves": [{"points": [{"rows": 1, "microseconds": 2100, "runs": 4},
            {"runs": 9, "microseconds": 12000.0, "rows": 100}]}, {"points": [{"rows": 1, "microseconds": 5}]}]}]}
            """
        let curve = try CurveText.scheduler(page)
        #expect(curve.points.map(\.rows) == [1, 100])
        #expect(curve.nanoseconds(rows: 1) == 2_100_000 && curve.nanoseconds(rows: 200) == 22_000_000)
    }

    @Test(arguments: ["", "{}", "{\"points\": []}", "{\"points\": [{\"rows\": \"x\"}]}", "{\"points\": [{\"rows\": 1}"])
    func `a page without a curve is refused`(page: String) {
        #expect(throws: ServingError.self) { try CurveText.scheduler(page) }
    }

    @Test(arguments: ["", "2", "2+", "x+1", "0+0", "-1+1", "nan+1", "1+2+3", "inf+1"])
    func `a curve that is none is refused`(text: String) {
        #expect(throws: ServingError.self) { try CurveText.line(text) }
    }

    @Test func `the report has a line for each load and a picture that stands alone`() async {
        var study = LoadStudy(curve: SimulatedCurve(fixed: 2e6, perRow: 1e6))
        study.seconds = 0.2
        let points = await study.sweep([0.5, 2])
        let text = SimulationReport.text(points, study)
        #expect(text.hasPrefix("Capacity (load 1): 833 rows/s on 1 threads"))
        #expect(text.contains("\n0.50  ") && text.contains("\n2.00  ") && text.contains("  2.00 |###"))
        let svg = SimulationReport.svg(points, study)
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n") && !svg.contains("nan"))
    }
}
