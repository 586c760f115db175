public import ServingPrimitives

/// `google.rpc.Status`, as gRPC carries it in the trailer `grpc-status-details-bin`.
public enum StatusDetails {
    /// An error with a `google.rpc.RetryInfo` that says when to try again, serialized and in Base64.
    public static func base64(of error: ServingError, retryNanoseconds: UInt64) -> String {
        let delay = fields([(1, retryNanoseconds / 1_000_000_000), (2, retryNanoseconds % 1_000_000_000)])
        let retryInfo = field(1, delay)
        let detail = field(1, Array("type.googleapis.com/google.rpc.RetryInfo".utf8)) + field(2, retryInfo)
        let status =
            fields([(1, UInt64(error.code.rawValue))]) + field(2, Array(error.message.utf8)) + field(3, detail)
        return Base64.encode(status)
    }

    private static func fields(_ numbers: [(field: UInt32, value: UInt64)]) -> [UInt8] {
        let size = numbers.reduce(0) { $0 + WireSize.number($1.field, $1.value) }
        return write(size) { writer in for (field, value) in numbers { writer.number(field, value) } }
    }

    private static func field(_ number: UInt32, _ content: [UInt8]) -> [UInt8] {
        write(WireSize.field(number, length: content.count)) { writer in
            writer.header(number, length: content.count)
            content.withUnsafeBytes { writer.bytes($0) }
        }
    }

    private static func write(_ size: Int, _ body: (inout WireWriter) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: size) { target, count in
            var writer = WireWriter(UnsafeMutableRawBufferPointer(target))
            body(&writer)
            count = size - writer.remaining
        }
    }
}
