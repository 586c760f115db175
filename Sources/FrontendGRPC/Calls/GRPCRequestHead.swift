import HTTP2Server
import Inference
import ServingPrimitives
import Telemetry

/// What a request's headers say about the call.
struct GRPCRequestHead: Hashable {
    var method: GRPCMethod
    /// How the message is compressed if its prefix says that it is.
    var encoding: MessageEncoding
    /// The client's patience, counted from the arrival of the headers; `nil` for a call without a deadline.
    var timeoutNanoseconds: UInt64?
    var priority = 0
    /// Who calls; empty where the caller does not say.
    var tenant = ""
    /// `authorization` and `x-api-key`, as they were sent.
    var authorization: String?
    var apiKey: String?
    /// The trace it says it belongs to; `nil` for nearly every request.
    var trace: TraceFields?

    /// - Throws: how to refuse a request that is no gRPC call, or one that is not served.
    init(_ head: HTTP2RequestHead) throws(GRPCRefusal) {
        guard head.method == "POST" else { throw .notGRPC(status: 405, "gRPC calls use POST, not \(head.method)") }
        let fields = Fields(head.fields)
        guard Self.isGRPC(fields.contentType) else {
            let found = fields.contentType.map { "\"\($0)\"" } ?? "none"
            throw .notGRPC(status: 415, "Expected content-type application/grpc, got \(found)")
        }
        do throws(ServingError) {
            method = try Self.servedMethod(head.path)
            encoding = try fields.encoding.map(MessageEncoding.init(headerValue:)) ?? .identity
            timeoutNanoseconds = try fields.timeout.map(GRPCTimeout.nanoseconds)
            if let text = fields.priority { priority = try CallTerms.priority(text.utf8) }
            if let text = fields.tenant { tenant = try CallTerms.tenant(text.utf8) }
        } catch {
            throw .status(error)
        }
        authorization = fields.authorization
        apiKey = fields.apiKey
        trace = fields.trace
    }

    /// The fields that matter, found in one pass.
    private struct Fields {
        var contentType: String?
        var encoding: String?
        var timeout: String?
        var priority: String?
        var tenant: String?
        var authorization: String?
        var apiKey: String?
        var trace: TraceFields?

        init(_ fields: [HTTP2HeaderField]) {
            for field in fields {
                // The length rules out most fields before any text is compared.
                switch field.name.utf8.count {
                case 8 where field.name == CallTerms.tenantField: tenant = field.value
                case 9 where field.name == "x-api-key": apiKey = field.value
                case 10 where field.name == TraceFields.stateName:
                    // The list may be spread over several fields; what comes behind the first is left out.
                    if trace?.state == nil { trace = TraceFields(parent: trace?.parent, state: field.value) }
                case 11 where field.name == TraceFields.parentName:
                    trace = TraceFields(parent: field.value, state: trace?.state)
                case 12 where field.name == "content-type": contentType = field.value
                case 12 where field.name == "grpc-timeout": timeout = field.value
                case 13 where field.name == "grpc-encoding": encoding = field.value
                case 13 where field.name == "authorization": authorization = field.value
                case 18 where field.name == CallTerms.priorityField: priority = field.value
                default: continue
                }
            }
        }
    }

    /// `application/grpc` or `application/grpc+proto`, with or without parameters.
    private static func isGRPC(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        if contentType == "application/grpc" { return true }
        let type = contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
        return type == "application/grpc" || type == "application/grpc+proto"
    }

    private static func servedMethod(_ path: String) throws(ServingError) -> GRPCMethod {
        guard let method = GRPCMethod(path: path) else {
            throw GRPCMethod.notFound(path)
        }
        if let refusal = method.refusal { throw ServingError(.unimplemented, refusal) }
        return method
    }
}

/// How to answer a request whose headers are reason enough to refuse it.
enum GRPCRefusal: Error, Hashable {
    /// Not a gRPC call: an HTTP status other than 200.
    case notGRPC(status: Int, String)
    case status(ServingError)
}
