import ServingPrimitives
import Testing

@testable import Batching

@Suite struct CompanyWaitTests {
    /// 100 µs for any batch and 10 µs for each row, or 100 µs for each row.
    private func curve(isSteep: Bool) -> LatencyCurve {
        var curve = LatencyCurve()
        for _ in 0..<8 {
            for rows in [1, 2, 4, 8, 16, 32] {
                curve.learn(rows: rows, nanoseconds: UInt64(isSteep ? 100_000 + 10_000 * rows : 100_000 * rows))
            }
        }
        return curve
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var rows = 2
        var rowsPerMillisecond = 50.0
        var isSteep = true
        var deadlineMilliseconds: Double?
        var runningMilliseconds: Double? = 0.2
        var threads = 4
        var waits: Bool
        var testDescription: String { what }
    }

    @Test(arguments: [
        Case(what: "many come, and they run cheaper together", waits: true),
        Case(what: "nothing of the queue runs", runningMilliseconds: nil, waits: false),
        Case(what: "few come", rowsPerMillisecond: 5, waits: false),
        Case(what: "few come for so many threads", rowsPerMillisecond: 20, threads: 16, waits: false),
        Case(what: "rows cost the same in any batch", isSteep: false, waits: false),
        Case(what: "a large batch waits already", rows: 32, waits: false),
        Case(what: "a deadline that allows it", deadlineMilliseconds: 5, waits: true),
        Case(what: "a deadline in the way", deadlineMilliseconds: 0.3, waits: false),
    ])
    func `tasks wait for company only where that is worth it`(_ example: Case) {
        let now = MonotonicTime(nanoseconds: 1_000_000_000)
        func later(_ milliseconds: Double) -> MonotonicTime {
            now.advanced(byNanoseconds: UInt64(milliseconds * 1_000_000))
        }
        let running = example.runningMilliseconds.map(later)
        let end = CompanyWait.wait(
            .init(
                tasks: example.rows,
                rows: example.rows,
                deadline: example.deadlineMilliseconds.map { later($0).nanoseconds } ?? .max,
                arrivalRate: example.rowsPerMillisecond / 1_000_000
            ),
            curve(isSteep: example.isSteep),
            until: running,
            at: now,
            threads: example.threads
        )
        #expect(end == (example.waits ? running : .distantPast))
    }

    @Test func `a batch that does not end is not waited for for ever, a drained queue for none`() {
        var wait = CompanyWait()
        let now = MonotonicTime(nanoseconds: 1_000_000_000)
        let waiting = CompanyWait.Waiting(tasks: 2, rows: 2, deadline: .max, arrivalRate: 50.0 / 1_000_000)
        #expect(!wait.mayWait)
        wait.started(7, at: now, predictedNanoseconds: 200_000)
        wait.consider(waiting, curve(isSteep: true), at: now, threads: 4)
        #expect(wait.mayWait && wait.end == now.advanced(byNanoseconds: 300_000))
        let late = now.advanced(byNanoseconds: 300_000)
        wait.consider(waiting, curve(isSteep: true), at: late, threads: nil)
        #expect(wait.end == .distantPast)
        wait.ended(7)
        #expect(!wait.mayWait)
        wait.started(8, at: now, predictedNanoseconds: 200_000)
        wait.drain()
        #expect(!wait.mayWait && wait.end == .distantPast)
    }
}
