import HTTP2Server
import ServingPrimitives
import WireFormat

/// When a refused call may be made again, as gRPC clients understand it: `grpc-retry-pushback-ms` for those that retry by
/// themselves (gRFC A6), and a `google.rpc.Status` with a `google.rpc.RetryInfo` for those that read details.
enum GRPCRetryInfo {
    /// The trailers that say it; none for errors that do not.
    static func fields(_ error: ServingError) -> [HTTP2HeaderField] {
        guard let delay = error.retryAfterNanoseconds else { return [] }
        return [
            HTTP2HeaderField("grpc-retry-pushback-ms", String((delay - min(delay, 1)) / 1_000_000 + 1)),
            HTTP2HeaderField("grpc-status-details-bin", StatusDetails.base64(of: error, retryNanoseconds: delay)),
        ]
    }
}
