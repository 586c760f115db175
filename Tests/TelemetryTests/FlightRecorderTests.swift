import ServingMetrics
import ServingPrimitives
import Synchronization
import Testing

@testable import Telemetry

@Suite struct FlightRecorderTests {
    /// Time that a test moves.
    final class Clock: Sendable {
        private let nanoseconds = Mutex<UInt64>(1_000_000_000)
        func advance(_ span: UInt64) { nanoseconds.withLock { $0 += span } }
        var now: MonotonicTime { MonotonicTime(nanoseconds: nanoseconds.withLock { $0 }) }
    }

    private let clock = Clock()

    private func lane(
        _ configure: (inout TelemetryConfiguration) -> Void = { _ in }
    ) -> (RequestTelemetry, TelemetryLane) {
        var configuration = TelemetryConfiguration()
        configure(&configuration)
        let telemetry = RequestTelemetry(configuration, metrics: ServerMetrics())
        return (telemetry, telemetry.makeLane(.grpc) { [clock] in clock.now })
    }

    private func finish(
        _ lane: TelemetryLane,
        _ model: String,
        takes nanoseconds: UInt64 = 1000,
        code: CanonicalCode = .ok,
        api: RequestAPI = .predict
    ) {
        var record = lane.begin(api, at: clock.now)
        record.model = model
        record.code = code
        clock.advance(nanoseconds)
        lane.end(&record)
    }

    private func models(
        _ telemetry: RequestTelemetry,
        _ configure: (inout RequestFilter) -> Void = { _ in }
    ) -> [String] {
        var filter = RequestFilter()
        configure(&filter)
        return telemetry.recordedRequests(filter).map(\.record.model)
    }

    @Test func `the ring has the last requests, the newest first`() {
        let (telemetry, lane) = lane {
            $0.flightRecorderSize = 3
            $0.slowRequestMilliseconds = 1000
        }
        for number in 1...7 { finish(lane, "m\(number)") }
        #expect(models(telemetry) == ["m7", "m6", "m5"])
        #expect(telemetry.endedCount == 7)
    }

    @Test func `what failed is kept when what went well has pushed it out of the ring`() {
        let (telemetry, lane) = lane {
            $0.flightRecorderSize = 4
            $0.slowRequestMilliseconds = 1000
        }
        finish(lane, "bad", code: .internal)
        for _ in 0..<10 { finish(lane, "good") }
        #expect(models(telemetry) == ["good", "good", "good", "good", "bad"])
        #expect(models(telemetry) { $0.kept = .failed } == ["bad"])
        #expect(models(telemetry) { $0.status = .internal } == ["bad"])
    }

    @Test func `the slowest of ten seconds outlive those that are faster`() {
        let (telemetry, lane) = lane { $0.flightRecorderSize = 1 }
        finish(lane, "slow", takes: 5_000_000)
        for _ in 0..<100 { finish(lane, "fast", takes: 10_000) }
        let slow = models(telemetry) { $0.kept = .slow }
        #expect(slow.count == SlowestRequests.countPerSpan)
        #expect(slow.last == "slow")
        // A slower one takes the place of the fastest, not of the slowest.
        finish(lane, "slower", takes: 6_000_000)
        #expect(models(telemetry) { $0.kept = .slow }.filter { $0 != "fast" } == ["slower", "slow"])
    }

    @Test func `a span of time is forgotten after two minutes`() {
        let (telemetry, lane) = lane { $0.flightRecorderSize = 1 }
        finish(lane, "old")
        for _ in 0..<SlowestRequests.spanCount {
            #expect(models(telemetry) { $0.kept = .slow }.contains("old"))
            clock.advance(SlowestRequests.span)
            finish(lane, "new")
        }
        #expect(!models(telemetry) { $0.kept = .slow }.contains("old"))
    }

    @Test func `with a threshold only what takes longer is slow`() {
        let (telemetry, lane) = lane { $0.slowRequestMilliseconds = 5 }
        finish(lane, "fast", takes: 4_999_999)
        finish(lane, "slow", takes: 5_000_000)
        #expect(models(telemetry) { $0.kept = .slow } == ["slow"])
    }

    @Test func `those who watch the server are not recorded`() {
        let (telemetry, lane) = lane()
        finish(lane, "", api: .health)
        finish(lane, "", api: .observation)
        #expect(models(telemetry).isEmpty)
        #expect(telemetry.endedCount == 2)
    }

    @Test func `who may not hear of a model sees none of its requests`() {
        let (telemetry, lane) = lane()
        for name in ["a", "b", ""] { finish(lane, name) }
        #expect(telemetry.recordedRequests { $0.model == "a" }.map(\.record.model) == ["a"])
        let answer = telemetry.recordedRequestsJSON(RequestFilter()) { $0.model == "b" }
        let text = String(decoding: answer, as: UTF8.self)
        #expect(text.contains(#""model":"b""#) && !text.contains(#""model":"a""#))
    }

    @Test func `a recorder of size 0 keeps nothing`() {
        let (telemetry, lane) = lane { $0.flightRecorderSize = 0 }
        finish(lane, "m", code: .internal)
        #expect(models(telemetry).isEmpty)
    }

    @Test func `requests in flight are those that began and did not end`() {
        let (telemetry, lane) = lane()
        var first = lane.begin(.predict, at: clock.now)
        _ = lane.begin(.predict, at: clock.now)
        #expect(telemetry.inFlight == [.grpc: 2])
        lane.end(&first)
        #expect(telemetry.inFlight == [.grpc: 1])
    }
}
