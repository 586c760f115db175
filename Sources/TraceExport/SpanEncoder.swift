// The type of a generated message's bytes.
import FoundationEssentials
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Telemetry

/// Makes OpenTelemetry's spans of records: one of the request, as the server of a call, and one inside of it for each of
/// its stages.
struct SpanEncoder: Sendable {
    typealias Span = Opentelemetry_Proto_Trace_V1_Span
    typealias Attribute = Opentelemetry_Proto_Common_V1_KeyValue

    private let resource: Opentelemetry_Proto_Resource_V1_Resource
    private let scope: Opentelemetry_Proto_Common_V1_InstrumentationScope

    /// - Parameters:
    ///   - service: the `service.name` of all spans.
    ///   - version: of the server.
    init(service: String, version: String) {
        resource = .with { $0.attributes = [.text("service.name", service), .text("service.version", version)] }
        scope = .with {
            $0.name = "apus"
            $0.version = version
        }
    }

    /// A serialized `ExportTraceServiceRequest`.
    ///
    /// - Parameter records: with a trace each.
    func encode(_ records: some Sequence<RequestRecord>, _ clock: WallClock) throws -> [UInt8] {
        let spans = records.flatMap { self.spans($0, clock) }
        let scoped = Opentelemetry_Proto_Trace_V1_ScopeSpans.with {
            $0.scope = scope
            $0.spans = spans
        }
        let request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest.with {
            $0.resourceSpans = [
                .with {
                    $0.resource = resource
                    $0.scopeSpans = [scoped]
                }
            ]
        }
        return try request.serializedBytes()
    }

    private func spans(_ record: RequestRecord, _ clock: WallClock) -> [Span] {
        guard let trace = record.trace else { return [] }
        var spans = [root(record, trace, clock)]
        for stage in RequestStage.allCases {
            // Most requests come in one piece.
            guard let (start, end) = record.span(of: stage), stage != .receive || end > start else { continue }
            spans.append(
                span(trace, stage.rawValue, start, end, clock) {
                    $0.spanID = Data(bytes(UInt64.random(in: 1 ... .max)))
                    $0.parentSpanID = Data(bytes(trace.spanID))
                    $0.kind = .internal
                }
            )
        }
        return spans
    }

    private func root(_ record: RequestRecord, _ trace: RequestTrace, _ clock: WallClock) -> Span {
        span(trace, record.api.rawValue, record.received, record.answered, clock) {
            $0.spanID = Data(bytes(trace.spanID))
            $0.kind = .server
            // Sampled; a parent is another process's.
            $0.flags = 0x101 | (trace.parentSpanID == 0 ? 0 : 0x200)
            if trace.parentSpanID != 0 { $0.parentSpanID = Data(bytes(trace.parentSpanID)) }
            $0.attributes = Self.attributes(record)
            if Self.isServerFault(record.code) {
                $0.status = .with {
                    $0.code = .error
                    $0.message = record.error
                }
            }
        }
    }

    private func span(
        _ trace: RequestTrace,
        _ name: String,
        _ start: MonotonicTime,
        _ end: MonotonicTime,
        _ clock: WallClock,
        _ complete: (inout Span) -> Void
    ) -> Span {
        .with {
            $0.traceID = Data(bytes(trace.traceHigh) + bytes(trace.traceLow))
            $0.traceState = trace.state
            $0.name = name
            $0.startTimeUnixNano = clock.nanoseconds(start)
            $0.endTimeUnixNano = clock.nanoseconds(max(end, start))
            $0.flags = 1
            complete(&$0)
        }
    }

    /// Names as OpenTelemetry's semantic conventions have them, where they have any.
    private static func attributes(_ record: RequestRecord) -> [Attribute] {
        var attributes: [Attribute] = []
        switch record.entry {
        case .grpc:
            attributes.append(.text("rpc.system", "grpc"))
            attributes.append(.text("rpc.method", record.api.rawValue))
            attributes.append(.number("rpc.grpc.status_code", Int(record.code.rawValue)))
        case .rest: attributes.append(.number("http.response.status_code", Int(record.httpStatus)))
        }
        attributes.append(.text("apus.status", record.code.name))
        if !record.model.isEmpty { attributes.append(.text("apus.model", record.model)) }
        if let version = record.version { attributes.append(.number("apus.version", Int(version))) }
        if !record.signature.isEmpty { attributes.append(.text("apus.signature", record.signature)) }
        if !record.peer.isEmpty { attributes.append(.text("client.address", record.peer)) }
        if record.run.queued != 0 { attributes.append(.number("apus.rows", record.run.rows)) }
        if record.run.began != 0 {
            attributes.append(.number("apus.batch.rows", record.run.batchRows))
            attributes.append(.number("apus.batch.requests", record.run.batchRequests))
        }
        attributes.append(.number("apus.request.bytes", record.requestByteCount))
        attributes.append(.number("apus.answer.bytes", record.answerByteCount))
        return attributes
    }

    /// Codes that the conventions count as errors of a server; the others are the caller's affair.
    private static func isServerFault(_ code: CanonicalCode) -> Bool {
        switch code {
        case .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss: true
        case .ok, .cancelled, .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .resourceExhausted,
            .failedPrecondition, .aborted, .outOfRange, .unauthenticated:
            false
        }
    }
}

extension Opentelemetry_Proto_Common_V1_KeyValue {
    fileprivate static func text(_ key: String, _ value: String) -> Self {
        .with {
            $0.key = key
            $0.value.stringValue = value
        }
    }

    fileprivate static func number(_ key: String, _ value: Int) -> Self {
        .with {
            $0.key = key
            $0.value.intValue = Int64(value)
        }
    }
}

/// Most significant first.
private func bytes(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
