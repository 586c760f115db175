import Batching
import Inference
import Servables
import ServingPrimitives

/// The body of `GET /v1/models/M/scheduler`: what the scheduler has learnt of a model, what it did lately and why.
enum SchedulerAnswer {
    static func json(_ schedule: ModelSchedule, now: MonotonicTime = .now()) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.string("model", schedule.servable.name)
            writer.string("version", "\(schedule.servable.version)")
            if let objective = schedule.objective { writer.plain("latency_slo_ms", milliseconds(objective)) }
            if let breaker = schedule.breaker { writer.object("circuit_breaker") { write(breaker, now, to: &$0) } }
            writer.list("queues") { writer in
                for queue in schedule.queues { writer.object { write(queue, now, to: &$0) } }
            }
        }
        return writer.text + "\n".utf8
    }

    private static func write(_ breaker: CircuitBreaker.State, _ now: MonotonicTime, to writer: inout ProtobufJSON) {
        switch breaker {
        case .closed: writer.string("state", "closed")
        case .open(let until):
            writer.string("state", "open")
            writer.plain("milliseconds_left", milliseconds(until - min(until, now.nanoseconds)))
        case .probing: writer.string("state", "probing")
        }
    }

    private static func write(_ queue: ModelSchedule.Queue, _ now: MonotonicTime, to writer: inout ProtobufJSON) {
        let explanation = queue.explanation
        writer.string("requests", queue.name.isEmpty ? "those that share no batch" : queue.name)
        writer.string("policy", explanation.policy.rawValue)
        if let verification = queue.verification { writer.string("batches", text(verification)) }
        writer.string("limited_by", explanation.limit.rawValue)
        writer.object("waiting") { write(explanation.depth, to: &$0) }
        writer.plain("arrival_rows_per_second", number(explanation.arrivalRowsPerSecond))
        writer.plain("service_rows_per_second", number(explanation.serviceRowsPerSecond))
        writer.list("curves") { writer in
            for curve in explanation.curves { writer.object { write(curve, to: &$0) } }
        }
        writer.list("last_releases") { writer in
            for release in explanation.releases { writer.object { write(release, now, to: &$0) } }
        }
        writer.object("dropped") { writer in
            for reason in DropReason.allCases {
                if let count = explanation.drops[reason] { writer.plain(reason.rawValue, "\(count)") }
            }
        }
        writer.object("refused") { writer in
            for reason in RefusalReason.allCases {
                if let count = explanation.refusals[reason] { writer.plain(reason.rawValue, "\(count)") }
            }
        }
        writer.list("last_losses") { writer in
            for loss in explanation.losses { writer.object { write(loss, now, to: &$0) } }
        }
    }

    private static func text(_ verdict: BatchVerification.Verdict) -> String {
        switch verdict {
        case .open(let count): "being checked: \(count) gave what single runs give"
        case .independent: "give what single runs give"
        case .dependent(let difference): "not used, as they give something else than single runs: \(difference)"
        }
    }

    private static func write(_ depth: QueueDepth, to writer: inout ProtobufJSON) {
        writer.plain("tasks", "\(depth.tasks)")
        writer.plain("rows", "\(depth.rows)")
        writer.plain("bytes", "\(depth.bytes)")
    }

    private static func write(_ curve: CurveExplanation, to writer: inout ProtobufJSON) {
        writer.plain("elements_per_row", "\(curve.shape.elementsPerRow)")
        writer.plain("cheapest_rows", "\(curve.bestRows)")
        writer.plain("safety", number(curve.safety))
        writer.list("points") { writer in
            for point in curve.points {
                writer.object { writer in
                    writer.plain("rows", number(point.rows))
                    writer.plain("microseconds", number(point.nanoseconds / 1000))
                    writer.plain("runs", "\(point.samples)")
                }
            }
        }
    }

    private static func write(_ release: ReleaseRecord, _ now: MonotonicTime, to writer: inout ProtobufJSON) {
        writer.plain("milliseconds_ago", milliseconds(now.nanoseconds(since: release.time)))
        writer.plain("rows", "\(release.rows)")
        writer.plain("requests", "\(release.tasks)")
        writer.string("reason", release.reason.rawValue)
        if let predicted = release.predictedNanoseconds {
            writer.plain("predicted_microseconds", microseconds(predicted))
        }
        if let measured = release.measuredNanoseconds { writer.plain("measured_microseconds", microseconds(measured)) }
        if let rows = release.executedRows, rows != release.rows { writer.plain("executed_rows", "\(rows)") }
        writer.object("left_waiting") { write(release.left, to: &$0) }
    }

    private static func write(_ loss: LossRecord, _ now: MonotonicTime, to writer: inout ProtobufJSON) {
        writer.plain("milliseconds_ago", milliseconds(now.nanoseconds(since: loss.time)))
        switch loss.reason {
        case .dropped(let reason): writer.string("dropped", reason.rawValue)
        case .refused(let reason): writer.string("refused", reason.rawValue)
        }
        writer.plain("rows", "\(loss.rows)")
        writer.plain("waited_microseconds", microseconds(loss.waitedNanoseconds))
        if let budget = loss.budgetNanoseconds { writer.plain("time_given_microseconds", microseconds(budget)) }
        if let predicted = loss.predictedNanoseconds { writer.plain("predicted_microseconds", microseconds(predicted)) }
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String { number(Double(nanoseconds) / 1e6) }
    private static func microseconds(_ nanoseconds: UInt64) -> String { number(Double(nanoseconds) / 1e3) }

    /// With at most three digits behind the point.
    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        return "\((value * 1000).rounded() / 1000)"
    }
}
