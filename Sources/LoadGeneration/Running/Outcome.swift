public import HTTPClient
import ServingPrimitives

/// How a request ended.
public enum Outcome: Sendable, Hashable {
    case ok
    case grpc(Int)
    case http(Int)
    case broken(BrokenAnswer)

    /// As tables show it: `RESOURCE_EXHAUSTED`, `HTTP 429`, `connection refused`.
    public var label: String {
        switch self {
        case .ok: "OK"
        case .grpc(let number): Int32(exactly: number).flatMap(CanonicalCode.init)?.name ?? "gRPC status \(number)"
        case .http(let status): "HTTP \(status)"
        case .broken(let reason): reason.rawValue
        }
    }
}
