import ServingPrimitives

extension RequestRecord {
    /// Longest text of an error in a line.
    static let longestError = 512
    /// Longest name that a client made up.
    static let longestName = 256

    /// The members that the access log and the recorder share. Times are in microseconds.
    func write(to line: inout JSONLine, _ clock: WallClock) {
        line.string("time", clock.text(received))
        line.string("entry", entry.rawValue)
        line.string("api", api.rawValue)
        if !model.isEmpty { line.string("model", Self.cut(model, Self.longestName)) }
        if let version { line.number("version", version) }
        if !signature.isEmpty { line.string("signature", Self.cut(signature, Self.longestName)) }
        line.string("status", code.name)
        if httpStatus != 0 { line.number("http_status", httpStatus) }
        if !error.isEmpty { line.string("error", Self.cut(error, Self.longestError)) }
        if !peer.isEmpty { line.string("peer", peer) }
        line.thousandths("duration_us", duration)
        line.json("stages_us", stagesJSON)
        if run.queued != 0 { line.number("rows", run.rows) }
        if run.began != 0 {
            line.number("batch_rows", run.batchRows)
            line.number("batch_requests", run.batchRequests)
        }
        line.number("request_bytes", requestByteCount)
        line.number("answer_bytes", answerByteCount)
        if let trace {
            line.string("trace_id", trace.traceIDText)
            line.string("span_id", trace.spanIDText)
            line.bool("sampled", trace.isSampled)
        }
    }

    private var stagesJSON: [UInt8] {
        var stages = JSONLine(capacity: 128)
        if let nanoseconds = nanoseconds(of: .receive) { stages.thousandths("receive", nanoseconds) }
        if let nanoseconds = nanoseconds(of: .load) { stages.thousandths("load", nanoseconds) }
        if let nanoseconds = nanoseconds(of: .parse) { stages.thousandths("parse", nanoseconds) }
        if let nanoseconds = nanoseconds(of: .queue) { stages.thousandths("queue", nanoseconds) }
        if let nanoseconds = nanoseconds(of: .run) { stages.thousandths("run", nanoseconds) }
        if let nanoseconds = nanoseconds(of: .encode) { stages.thousandths("encode", nanoseconds) }
        return stages.closed()
    }

    /// At most so many bytes, never half a character.
    private static func cut(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= limit else { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept + "..."
    }

    /// A line of the access log, with its end.
    func accessLogLine(_ clock: WallClock) -> [UInt8] {
        var line = JSONLine()
        write(to: &line, clock)
        return line.closed() + [UInt8(ascii: "\n")]
    }
}

extension RequestTelemetry {
    /// The answer of `GET /v1/debug/requests`. Takes a while: not for an event loop.
    ///
    /// - Parameter isShown: whether the one who asks may hear of a request.
    public func recordedRequestsJSON(_ filter: RequestFilter, isShown: (RequestRecord) -> Bool) -> [UInt8] {
        let clock = WallClock()
        let requests = recordedRequests(filter, isShown: isShown).map { request in
            var line = JSONLine()
            request.record.write(to: &line, clock)
            line.bool("slow", request.slow)
            line.bool("failed", request.failed)
            return line.closed()
        }
        var answer = JSONLine()
        answer.bool("enabled", configuration.flightRecorderSize > 0)
        answer.number("ended", endedCount)
        answer.json(
            "requests",
            Array("[\n".utf8) + Array(requests.joined(separator: Array(",\n".utf8))) + Array("]".utf8)
        )
        return answer.closed() + [UInt8(ascii: "\n")]
    }
}
